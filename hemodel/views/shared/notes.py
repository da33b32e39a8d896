"""Notes printed with the tables: how to read each of them."""

INCREMENT = "Increments are intervention minus comparator."
RATIO = "A ratio is given only where both increments are positive; elsewhere a word stands in its place."
FULLY_INCREMENTAL = (
    "In order of cost. A dominated strategy costs at least as much as another without more QALYs;"
    " an extendedly dominated one has a higher ICER than the next more effective strategy; an equivalent one has the"
    " costs and QALYs of the one before it."
)
NET_BENEFIT = "A positive net benefit means that the strategy is cost-effective at the threshold."
DRUG_USE = "Means over all patients, treated or not; administrations are not discounted."
FIT = (
    "Difference: fitted minus reported in standard errors, on the scale of the fit (log of medians and hazard ratios,"
    " log of minus log of survival), so that of a survival a positive difference is a lower curve."
    " Where no interval was reported, the one shown follows from the standard error used in the fit."
)
COEFFICIENTS = (
    "On the scale on which they are estimated and drawn, jointly normal within an endpoint; curves are in months."
    " An acceleration factor above 1 means longer survival."
)
QUALITY = (
    "Objective: sum of squared differences in standard errors. Criterion: objective + 2 x coefficients; lower is"
    " better for the same statistics. Gradient: 0 at an exact optimum. Condition: how well the statistics tell the"
    " coefficients apart; 1 is best."
)
FAMILIES = (
    "Each family with the relations between strategies of the base case. Criterion and largest difference are of the"
    " endpoint as a whole; a lower criterion is a better fit. Not identified: the reported statistics do not determine"
    " the family's coefficients."
)
ONE_WAY = (
    "One input at a time at its lower and its upper bound. Curves are moved by what a name says of them: the level of"
    " a curve (its restricted mean up to the time horizon), the treatment effect (the ratio of such means to that of"
    " the first strategy) and the tail (of those alive or progression-free at 1 year the share that is at 5). All"
    " coefficients of the endpoint take the likeliest values at which that is 1.96 standard errors away."
    " In order of the range of net monetary benefit."
)
CURVES_AT_ENDS = (
    "The curves where an input is at its lower and at its upper bound, with what acts on them and before the caps of"
    " one curve at another. Hazard ratios are those of the fitted curves; where hazards are not proportional, averages"
    " over the follow-up of the trial, or over the time horizon where the follow-up is not known."
)
STATISTICS_ALONE = (
    "Each reported number at its lower and its upper bound with a refit of its curves, while the other numbers stay as"
    " reported. This shows what a number does to the fit, not what a better or a worse drug would bring: the curve that"
    " meets one better number and all the others as they are has another shape, so that a better number can give a"
    " worse result, and both bounds can lie on one side of the base case. For that question see the one-way analysis."
)
DECISION = (
    "Change: the increment minus that of the base case. Cost-effective: a net monetary benefit of 0 or more;"
    " changed: another decision than in the base case."
)
MEAN_RATIO = "The ICER is that of the mean increments, not a mean of ratios."
MONTE_CARLO = "Monte Carlo error: standard error of the mean over the draws."
