# Random effects by REML with the Hartung-Knapp interval, the prediction interval and the Q-profile, by metafor.
# Reads data/pooling.csv (made-up estimates), and BCG vaccine trials as metafor's own dat.bcg (Colditz and others 1994):
# thirteen published two-by-two tables, whose log risk ratios are written into the expectation.
suppressPackageStartupMessages({library(metafor); library(jsonlite)})

pooled <- function(y, v) {
  fit <- rma(yi = y, vi = v, method = "REML", test = "knha", control = list(threshold = 1e-12, maxiter = 10000))
  ahead <- predict(fit, digits = 12)
  spread <- confint(fit, control = list(tol = 1e-12))$random
  list(estimate = as.numeric(fit$beta), std_error = fit$se, df = fit$ddf[1], conf_low = fit$ci.lb, conf_high = fit$ci.ub,
       predict_low = ahead$pi.lb, predict_high = ahead$pi.ub, p_value = fit$pval, tau2 = fit$tau2,
       tau2_low = spread["tau^2", "ci.lb"], tau2_high = spread["tau^2", "ci.ub"], i2 = fit$I2 / 100, q = fit$QE,
       q_p_value = fit$QEp, n_studies = fit$k, weights = as.numeric(weights(fit)) / 100)
}

rows <- read.csv("tests/oracle/data/pooling.csv")
out <- lapply(split(rows, rows$set), function(one) pooled(one$estimate, one$std_error^2))
bcg <- escalc(measure = "RR", ai = tpos, bi = tneg, ci = cpos, di = cneg, data = dat.bcg)
out$bcg <- c(pooled(as.numeric(bcg$yi), bcg$vi), list(estimates = as.numeric(bcg$yi), std_errors = sqrt(bcg$vi)))
out$session <- list(R = R.version.string, metafor = as.character(packageVersion("metafor")))
write_json(out, "tests/oracle/expected/metafor_pool.json", auto_unbox = TRUE, digits = NA, pretty = TRUE)
