# Seconds that R's voi takes for the EVPPI of every single input of a sample, one number to a line.
#   Rscript voi_times.R SAMPLE.csv THRESHOLD,THRESHOLD [FOLDER]
# Without FOLDER, which has the R files of voi, the installed package is loaded. Called by voi.py.
arguments <- commandArgs(trailingOnly = TRUE)
if (length(arguments) == 3) {
  for (file in list.files(arguments[3], "[.]R$", full.names = TRUE)) source(file)
} else {
  evppi <- voi::evppi
}
loadNamespace("mgcv")
all <- read.csv(arguments[1])
kind <- sub("[.].*", "", names(all))
outputs <- list(
  e = as.matrix(all[kind == "effect"]), c = as.matrix(all[kind == "cost"]),
  k = as.numeric(strsplit(arguments[2], ",")[[1]])
)
inputs <- all[!kind %in% c("effect", "cost")]
took <- system.time(evppi(outputs, inputs, as.list(names(inputs)), method = "gam"))
cat(took[["user.self"]] + took[["sys.self"]], "\n")
