# CPU times of lme4, lmerTest and pbkrtest for benchmarks/engine.py, which writes the data and reads the answer.
# Usage: Rscript benchmarks/engine.R FOLDER   (CASE.csv and cases.json in, r.json out; times are CPU seconds)
suppressMessages({library(lme4); library(lmerTest); library(pbkrtest); library(jsonlite)})
folder <- commandArgs(TRUE)[1]
cases <- fromJSON(file.path(folder, "cases.json"), simplifyVector = FALSE)
quietly <- function(x) suppressMessages(suppressWarnings(x))
timed <- function(repeats, work) {
  times <- numeric(5)
  for (round in 1:5) { gc(); start <- proc.time(); for (i in seq_len(repeats)) work(); spent <- proc.time() - start
    times[round] <- sum(spent[c("user.self", "sys.self")]) / repeats }
  median(times)
}
answers <- list()
for (case in cases) {
  d <- read.csv(file.path(folder, paste0(case$name, ".csv")), stringsAsFactors = TRUE)
  f <- as.formula(case$formula)
  m <- quietly(lme4::lmer(f, d))
  out <- list(fit = timed(case$repeats, function() quietly(lme4::lmer(f, d))), loglik = as.numeric(logLik(m)))
  if (case$df) {
    mt <- quietly(lmerTest::lmer(f, d))
    out$satterthwaite <- timed(1, function() quietly(coef(summary(lmerTest::as_lmerModLmerTest(m)))))
    out$kenward_roger <- timed(1, function() { a <- vcovAdj(m); L <- diag(length(fixef(m)))
      sapply(seq_len(nrow(L)), function(i) Lb_ddf(L[i, ], vcov(m), a)) })
  }
  answers[[case$name]] <- out
}
write_json(list(session = list(R = R.version.string, lme4 = as.character(packageVersion("lme4"))), times = answers),
           file.path(folder, "r.json"), digits = NA, auto_unbox = TRUE)
