# Values of information of the samples beside this file, by the functions of R's package voi.
#   Rscript values.R PART FOLDER
# PART is linear, nonlinear, studies or example. FOLDER has the R files of voi (README.md says which).
arguments <- commandArgs(trailingOnly = TRUE)
part <- arguments[1]
for (file in list.files(arguments[2], "[.]R$", full.names = TRUE)) source(file)
set.seed(2014)
REPLICATES <- 200 # of the coefficients of a regression, for standard errors

read_sample <- function(name) {
  all <- read.csv(paste0(name, ".csv.gz"))
  kind <- sub("[.].*", "", names(all))
  list(e = as.matrix(all[kind == "effect"]), c = as.matrix(all[kind == "cost"]), inputs = all[!kind %in% c("effect", "cost")])
}

partial <- function(sample, thresholds, groups, methods) {
  outputs <- list(e = sample$e, c = sample$c, k = thresholds)
  found <- list()
  for (group in groups) for (method in methods) {
    se <- method == "gam"
    # mgcv reports collinear columns of a tensor product by an error; such a group is left out.
    one <- try(evppi(outputs, sample$inputs, group, method = method, se = se, B = REPLICATES), silent = TRUE)
    if (inherits(one, "try-error")) { message(paste(c(group, method, one), collapse = " ")); next }
    found[[length(found) + 1]] <- data.frame(
      inputs = paste(group, collapse = "+"), method = method, threshold = thresholds, value = one$evppi,
      error = if (se) one$se else NA
    )
  }
  do.call(rbind, found)
}

write_values <- function(name, values) {
  for (column in c("value", "error")) values[[column]] <- signif(values[[column]], 7)
  write.csv(values, paste0(name, ".csv"), row.names = FALSE, quote = FALSE, na = "")
}

perfect <- function(sample, thresholds) {
  value <- evpi(list(e = sample$e, c = sample$c, k = thresholds))
  data.frame(inputs = "all", method = "evpi", threshold = thresholds, value = value, error = NA)
}

# Studies: n patients, data made anew `times` times; the mean of the estimates, and its standard error.
study <- function(sample, thresholds, id, n, make, likelihood, times, times_importance) {
  summed <- function(estimates, method) data.frame(
    input = id, patients = n, method = method, threshold = thresholds, value = rowMeans(estimates),
    error = apply(estimates, 1, sd) / sqrt(ncol(estimates)), times = ncol(estimates)
  )
  outputs <- list(e = sample$e, c = sample$c, k = thresholds)
  regression <- replicate(times, evsi_npreg(outputs, sample$inputs, make, n, "gam")$evppi)
  importance <- replicate(times_importance, {
    state <- .Random.seed
    costs <- prepost_evsi_is(sample$c, sample$inputs, id, make, n, likelihood, verbose = FALSE)
    assign(".Random.seed", state, envir = globalenv())  # the same data for costs and effects
    effects <- prepost_evsi_is(sample$e, sample$inputs, id, make, n, likelihood, verbose = FALSE)
    sapply(thresholds, function(k) calc_evppi(k * effects - costs))
  })
  rbind(summed(regression, "regression"), summed(importance, "importance_sampling"))
}

if (part == "linear") {
  linear <- read_sample("linear")
  at <- c(15000, 22000, 40000)
  groups <- c(as.list(names(linear$inputs)), list(c("x1", "x2"), c("x1", "x2", "x3")))
  write_values("linear_values", rbind(perfect(linear, at), partial(linear, at, groups, c("gam", "gp", "earth"))))
}

if (part == "nonlinear") {
  nonlinear <- read_sample("nonlinear")
  at <- c(10000, 20000, 50000)
  groups <- c(
    as.list(names(nonlinear$inputs)),
    list(c("response", "log_odds_ratio"), c("utility", "years"), c("response", "log_odds_ratio", "harm"))
  )
  write_values("nonlinear_values", rbind(perfect(nonlinear, at), partial(nonlinear, at, groups, c("gam", "gp", "earth"))))
}

if (part == "studies") {
  continuous <- function(sample, at, id, n, sd) study(
    sample, at, id, n, function(inputs, n) datagen_normal_known(inputs, n, id, sd),
    function(Y, inputs) likelihood_normal_known(Y, inputs, n, id, sd), 40, 4
  )
  binary <- function(sample, at, id, n) study(
    sample, at, id, n, function(inputs, n) datagen_binary(inputs, n, id),
    function(Y, inputs) likelihood_binary(Y, inputs, n, id), 40, 4
  )
  linear <- read_sample("linear")
  nonlinear <- read_sample("nonlinear")
  write_values("studies", rbind(
    cbind(sample = "linear", sd = 3, continuous(linear, c(22000, 40000), "x1", 10, 3)),
    cbind(sample = "linear", sd = 3, continuous(linear, c(22000, 40000), "x1", 50, 3)),
    cbind(sample = "nonlinear", sd = 0.2, continuous(nonlinear, c(25000, 26000), "utility", 10, 0.2)),
    cbind(sample = "nonlinear", sd = 0.2, continuous(nonlinear, c(25000, 26000), "utility", 50, 0.2)),
    cbind(sample = "nonlinear", sd = NA, binary(nonlinear, c(25000, 26000), "response", 40)),
    cbind(sample = "nonlinear", sd = NA, binary(nonlinear, c(25000, 26000), "response", 200))
  ))
}

if (part == "example") {
  example <- read_sample("example")
  at <- c(800000, 1000000)
  of <- function(id) names(example$inputs)[startsWith(names(example$inputs), paste0(id, "."))]
  single <- names(example$inputs)[!startsWith(names(example$inputs), "curve.")]
  groups <- c(as.list(single), list("curve.tot_lurbinectedin.0", of("curve.os"), of("curve.tot_atezolizumab")))
  whole <- list(of("curve.pfs"), of("curve.os"))
  write_values("example_values", rbind(
    perfect(example, at), partial(example, at, groups, "gam"), partial(example, at, whole, c("gp", "earth"))
  ))
}

for (name in c("mgcv", "earth", "mvtnorm")) cat(name, as.character(packageVersion(name)), "\n")
cat(R.version.string, "\n")
