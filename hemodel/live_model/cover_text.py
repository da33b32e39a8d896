"""What the cover of a live model says."""

from __future__ import annotations

ANALYSIS = (
    ("settings.population", "Population"),
    ("settings.perspective", "Perspective"),
    ("settings.clock_start", "Start of the clock"),
)
WHAT = (
    "This file calculates a partitioned-survival model by formula, from the inputs to the results, without macros. "
    "Nothing in it is hidden or locked. It is also an input workbook: hemodel run reads its yellow cells like those of "
    "any other, so that an edit made here can be checked there."
)
STEPS = (
    "Change yellow cells of the input sheets: results and charts follow. Change the source of a value with the value.",
    (
        "On Model results, enter a draw from 1 to {draws} to calculate that draw of the probabilistic analysis; 0 is "
        "the base case. What hemodel found for the same draw stands beside it."
    ),
    (
        "Look at Model checks after an edit. It says when a curve needs a refit, because a statistic that it was "
        "fitted to was changed, and when formulas cannot follow. Then save the file and write it anew: "
        "hemodel excel FILE.xlsx -o NEW.xlsx."
    ),
    (
        "To check an edit, save the file and run hemodel run FILE.xlsx. Its base case is that of Model results with "
        "the draw at 0."
    ),
    (
        "Grey cells hold what hemodel found when the file was written: draws, tornado, fitted coefficients. They do "
        "not follow edits."
    ),
)
CALCULATION = {
    "Curves": (
        "Survival S(t) = exp(-H(t)) of each endpoint from its coefficients, at every boundary between cycles; t in "
        "months of 30.4375 days."
    ),
    "Effects": "Further effects on hazard, time or odds act on a curve one after another, as listed on Curves.",
    "Waning": "Where chosen, hazard or survival moves to that of another strategy between two times.",
    "Floor": "Where chosen, H grows in no cycle by less than the hazard of people of the same age and sex.",
    "Caps": (
        "Progression-free = min(PFS, OS); progressed = OS less that; dead = 1 - OS. Treatment ends at death, and at "
        "progression where its input says so."
    ),
    "Time in states": "Mean of both ends of a cycle (life table), or its start or its end, x days / 365.25.",
    "Discounting": (
        "1 / (1 + rate)^years; years to the middle of a cycle, or to the day of an administration; whole years where "
        "the setting says annual."
    ),
    "Drugs": (
        "Every administration on its day: share on treatment that day x expected vials x price, and the cost of "
        "giving it. Vials are an expectation over body sizes unless they are shared."
    ),
    "Other costs": (
        "Care by time in states; adverse events at the start; next treatment at progression; end of life at death."
    ),
    "QALYs": (
        "Time in states (or by time to death) x utility, less the loss from adverse events at the start. Where chosen, "
        "utilities change with the age reached as the norms of the general population do."
    ),
    "Results": "Sums over cycles; increments against the comparator; an ICER only where both increments are positive.",
}
SHORT = {
    "Model results": "Totals, increments, ICER, net benefit; selection of a draw",
    "Model checks": "What must hold, and what to know after an edit",
    "Model charts": "Survival, states, costs, uncertainty",
    "Model inputs": "The value of every input in use, and what reads it",
    "Model curves": "Coefficients of the curves in use",
    "Model PSA": "Inputs and results of every draw",
    "Model plane": "Increments of every draw",
    "Model PSA results": "Means and intervals over the draws",
    "Model acceptability": "Acceptability curves and frontier by formula",
    "Model tornado": "One-way analysis",
}
"""What is on a calculated sheet, in a few words."""
