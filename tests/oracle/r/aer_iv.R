# Two-stage least squares by AER::ivreg, cluster-robust covariance by clubSandwich, Anderson-Rubin ends by root search.
# Simulated data only. Run from the repository root:  Rscript tests/oracle/r/aer_iv.R
suppressMessages({library(AER); library(clubSandwich); library(jsonlite)})
here <- "tests/oracle"

trial <- function(seed, sizes, moved, crossed = 0, within = FALSE) {
  set.seed(seed)
  J <- length(sizes)
  school <- rep(seq_len(J), sizes)
  n <- length(school)
  z <- if (within) rbinom(n, 1, 0.5) else rep(rep_len(0:1, J), sizes)
  pre <- round(rnorm(n) + rnorm(J, sd = 0.4)[school], 4)
  fsm <- round(runif(J, 0.1, 0.5), 3)[school]
  keen <- rnorm(J, sd = 0.6)[school] + rnorm(n)
  binary <- as.integer(ifelse(z == 1, keen > qnorm(1 - moved), keen > qnorm(1 - crossed)) & (z == 1 | crossed > 0))
  days <- round(pmax(0, (z * 3 * moved + crossed + 0.6 * keen)) * (z == 1 | crossed > 0), 2)
  y <- round(10 + 0.4 * binary + 0.6 * pre - 0.5 * fsm + 0.3 * keen + rnorm(J, sd = 0.4)[school] + rnorm(n), 4)
  data.frame(school, z, y, binary, days, pre, fsm)
}

datasets <- list(
  iv_forty = trial(21, rep(c(18, 22, 9, 31), 10), moved = 0.7),
  iv_two_sided = trial(22, rep(c(12, 25, 16), 8), moved = 0.75, crossed = 0.2),
  iv_weak = trial(23, c(12, 25, 8, 31, 18, 22, 14, 16, 11, 20), moved = 0.25, crossed = 0.18),
  iv_useless = trial(27, c(10, 14, 9, 11, 13, 12), moved = 0.3, crossed = 0.3),
  iv_within = trial(25, c(30, 24, 18, 40, 26, 33, 22, 28), moved = 0.6, crossed = 0.1, within = TRUE))
# Assignment acts on the outcome and hardly on the dose: the Anderson-Rubin set then is two rays.
datasets$iv_useless$y <- datasets$iv_useless$y + 3 * datasets$iv_useless$z
for (n in names(datasets)) write.csv(datasets[[n]], file.path(here, "data", paste0(n, ".csv")), row.names = FALSE)

one <- function(data, dose, covariates, kind, df) {
  d <- datasets[[data]]
  d$dose <- d[[dose]]
  right <- paste(c("1", covariates), collapse = " + ")
  fit <- ivreg(as.formula(paste("y ~ dose +", right, "| z +", right)), data = d)
  vc <- vcovCR(fit, cluster = d$school, type = kind)
  at <- which(names(coef(fit)) == "dose")
  order <- c(at, setdiff(seq_along(coef(fit)), at))
  test <- coef_test(fit, vcov = vc, test = "Satterthwaite")
  first <- lm(as.formula(paste("dose ~", right, "+ z")), d)
  first_vc <- vcovCR(first, cluster = d$school, type = kind)
  itt <- lm(as.formula(paste("y ~", right, "+ z")), d)
  itt_vc <- vcovCR(itt, cluster = d$school, type = kind)
  # How far y - b dose is from unrelated to z: negative where b is not ruled out at 5%.
  excess <- function(b) {
    e <- d
    e$y <- d$y - b * d$dose
    m <- lm(as.formula(paste("y ~", right, "+ z")), e)
    v <- vcovCR(m, cluster = d$school, type = kind)
    coef(m)[["z"]]^2 / v["z", "z"] - qt(0.975, df)^2
  }
  centre <- coef(fit)[["dose"]]
  far <- c(-10^(6:-4), 10^(-4:6))
  grid <- sort(c(centre, centre + far, far, seq(-10, 10, 0.5)))
  values <- sapply(grid, excess)
  ends <- c()
  for (i in seq_len(length(grid) - 1)) if (values[i] * values[i + 1] < 0)
    ends <- c(ends, uniroot(excess, grid[i + 0:1], tol = 1e-13, maxiter = 2000)$root)
  list(name = paste(data, dose, kind), data = data, dose = dose, covariates = covariates, kind = kind,
       coefficients = unname(coef(fit)[order]), std_errors = unname(sqrt(diag(as.matrix(vc))))[order], df_satterthwaite = test$df[at],
       first_coefficient = coef(first)[["z"]], first_f = coef(first)[["z"]]^2 / first_vc["z", "z"],
       correlation = cor(d$z, d$dose), itt = coef(itt)[["z"]], itt_std_error = sqrt(itt_vc["z", "z"]),
       df_used = df, ends = I(as.numeric(ends)), open_left = values[1] < 0, open_right = values[length(values)] < 0)
}

cases <- list(
  one("iv_forty", "binary", c("pre", "fsm"), "CR2", 37), one("iv_forty", "days", c("pre", "fsm"), "CR2", 37),
  one("iv_forty", "binary", c("pre", "fsm"), "CR0", 37), one("iv_forty", "days", c("pre", "fsm"), "CR1S", 37),
  one("iv_two_sided", "binary", "pre", "CR2", 22), one("iv_two_sided", "days", character(), "CR2", 22),
  one("iv_weak", "binary", "pre", "CR2", 8), one("iv_weak", "days", "pre", "CR2", 8),
  one("iv_useless", "binary", "pre", "CR2", 4), one("iv_useless", "days", "pre", "CR2", 4),
  one("iv_within", "binary", c("pre", "fsm"), "CR2", 7))
write_json(list(session = list(r = R.version.string, AER = as.character(packageVersion("AER")),
                               clubSandwich = as.character(packageVersion("clubSandwich"))), cases = cases),
           file.path(here, "expected/aer_iv.json"), digits = I(15), auto_unbox = TRUE, null = "null", na = "null")
for (x in cases) cat(x$name, x$first_f, x$ends, x$open_left, x$open_right, "\n")
