# CPU times of lme4 for benchmarks/resampling.py, which writes the data and reads the answer.
# Usage: Rscript benchmarks/resampling.R FOLDER DRAWS   (trial.csv and responses.csv in, r.json out; CPU seconds per draw)
suppressMessages({library(lme4); library(jsonlite)})
folder <- commandArgs(TRUE)[1]; draws <- as.integer(commandArgs(TRUE)[2])
failed <- 0  # draws that stopped with an error
quietly <- function(x) tryCatch(suppressMessages(suppressWarnings(x)), error = function(e) { failed <<- failed + 1; NULL })
timed <- function(work) { times <- numeric(5)
  for (round in 1:5) { gc(); start <- proc.time(); work(); spent <- proc.time() - start
    times[round] <- sum(spent[c("user.self", "sys.self")]) / draws }
  median(times) }
d <- read.csv(file.path(folder, "trial.csv"), stringsAsFactors = TRUE)
Y <- as.matrix(read.csv(file.path(folder, "responses.csv")))
control <- lmerControl(calc.derivs = FALSE)
m <- lmer(post ~ treat + pre + (1 | school), d, control = control)
arm <- tapply(d$treat, d$school, `[`, 1)
keep <- function(f) c(fixef(f), sigma(f), getME(f, "theta"))
given <- timed(function() for (i in seq_len(draws)) quietly(keep(refit(m, Y[, i]))))
parametric <- timed(function() quietly(bootMer(m, keep, nsim = draws, type = "parametric", use.u = FALSE)))
permutation <- timed(function() for (i in seq_len(draws)) { e <- d; e$treat <- setNames(as.numeric(sample(arm)), names(arm))[as.character(d$school)]
  quietly(keep(lmer(post ~ treat + pre + (1 | school), e, control = control))) })
estimates <- t(sapply(seq_len(min(draws, 20)), function(i) { r <- quietly(refit(m, Y[, i])); if (is.null(r)) rep(NA, 3) else fixef(r) }))
write_json(list(session = list(R = R.version.string, lme4 = as.character(packageVersion("lme4"))), estimates = unname(estimates), failed = failed,
                times = list(given = given, parametric = parametric, permutation = permutation)),
           file.path(folder, "r.json"), digits = NA, na = "null", auto_unbox = TRUE)
