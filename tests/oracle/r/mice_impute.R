# Distribution of two-level imputations: mice with 2l.pan (numbers) and 2l.bin (yes or no), as moments over imputations.
# Simulated data only. Takes about a minute. Run from the repository root:  Rscript tests/oracle/r/mice_impute.R
suppressMessages({library(mice); library(pan); library(lme4); library(jsonlite)})
here <- "tests/oracle"
set.seed(41)
J <- 30
school <- rep(seq_len(J), rep(c(8, 14, 20), 10))
n <- length(school)
treat <- rep(rep_len(0:1, J), rep(c(8, 14, 20), 10))
aux <- round(rnorm(n), 4)
pre <- round(0.5 * aux + rnorm(J, sd = 0.3)[school] + rnorm(n), 4)
fsm <- as.integer(0.4 * aux - 0.8 + rnorm(J, sd = 0.4)[school] + rnorm(n) > 0)
y <- round(2 + 0.3 * treat + 0.6 * pre - 0.4 * fsm + rnorm(J, sd = 0.5)[school] + rnorm(n), 4)
full <- data.frame(school, treat, aux, pre, fsm, y)
one <- full[c("school", "treat", "aux", "pre", "y")]
one$y[runif(n) < plogis(-1 + 0.9 * aux)] <- NA
both <- one
both$pre[runif(n) < 0.2] <- NA
yes <- full
yes$fsm[runif(n) < plogis(-1 + 0.5 * aux)] <- NA
sets <- list(impute_one = one, impute_both = both, impute_yes = yes)
for (name in names(sets)) write.csv(sets[[name]], file.path(here, "data", paste0(name, ".csv")), row.names = FALSE, na = "")

moments <- function(data, target, method, m, maxit, analysis) {
  d <- data
  gap <- is.na(d[[target]])
  methods <- setNames(ifelse(sapply(d, anyNA), method, ""), names(d))
  predictors <- matrix(1, ncol(d), ncol(d), dimnames = list(names(d), names(d)))
  diag(predictors) <- 0
  predictors[, "school"] <- -2
  imp <- mice(d, m = m, maxit = maxit, method = methods, predictorMatrix = predictors, printFlag = FALSE, seed = 7)
  values <- sapply(seq_len(m), function(i) {
    e <- complete(imp, i)
    v <- as.numeric(as.character(e[[target]]))
    fit <- coef(lm(analysis, e))
    means <- tapply(v[gap], e$school[gap], mean)
    c(mean_control = mean(v[gap & e$treat == 0]), mean_treated = mean(v[gap & e$treat == 1]), sd = sd(v[gap]),
      sd_of_school_means = sd(means), slope_aux = cov(v[gap], e$aux[gap]) / var(e$aux[gap]), unname(fit[2]))
  })
  list(target = target, m = m, iterations = maxit, analysis = deparse(analysis),
       statistics = c("mean_control", "mean_treated", "sd", "sd_of_school_means", "slope_aux", "coefficient"),
       mean = unname(rowMeans(values)), sd = unname(apply(values, 1, sd)))
}
out <- list(session = list(r = R.version.string, mice = as.character(packageVersion("mice")), pan = as.character(packageVersion("pan"))),
  impute_one = moments(one, "y", "2l.pan", 400, 1, y ~ treat + pre),
  impute_both = moments(both, "y", "2l.pan", 150, 8, y ~ treat + pre),
  impute_both_pre = moments(both, "pre", "2l.pan", 150, 8, pre ~ treat + aux),
  impute_yes = moments(yes, "fsm", "2l.bin", 150, 1, fsm ~ treat + aux))
write_json(out, file.path(here, "expected/mice_impute.json"), digits = I(12), auto_unbox = TRUE)
str(out)
