# Cluster-robust covariance, Satterthwaite df and HTZ by clubSandwich, for lm, weighted lm and lmer fits.
# Simulated data only. From the repository root: Rscript tests/oracle/r/clubsandwich.R
setwd("tests/oracle")
suppressMessages({library(clubSandwich); library(lme4); library(jsonlite)})

school_data <- function(seed, sizes, strata = NULL, su = 0.5, sc = 0, class_size = 8) {
  set.seed(seed)
  J <- length(sizes)
  school <- rep(seq_len(J), sizes)
  treat <- rep(rep_len(0:1, J), sizes)
  pre <- rnorm(length(school)) + rnorm(J, sd = 0.4)[school]
  klass <- ave(school, school, FUN = function(s) ceiling(seq_along(s) / class_size)) + 1000 * school
  codes <- as.integer(factor(klass))
  y <- 10 + 0.3 * treat + 0.7 * pre + rnorm(J, sd = su)[school] + rnorm(max(codes), sd = sc)[codes] + rnorm(length(school))
  # Columns are rounded before any fit, so that Python reads exactly what R used.
  d <- data.frame(school, klass = codes, y = round(y, 4), treat, pre = round(pre, 4))
  if (!is.null(strata)) for (s in setdiff(unique(strata), strata[1])) d[[paste0("s", s)]] <- as.integer(strata[school] == s)
  d$w <- round(runif(nrow(d), 0.4, 2.5), 3)
  d$w_school <- round(runif(J, 0.5, 2), 3)[school]
  d
}

datasets <- list(
  robust_unbalanced = school_data(11, c(1, 1, 3, 5, 8, 12, 2, 30, 45, 60, 17, 9, 22, 4, 33, 1, 14, 26, 7, 11, 19, 40, 6, 3),
                                  strata = rep(1:4, each = 6)),
  robust_six = school_data(12, c(12, 25, 8, 31, 18, 22)),
  robust_lone_stratum = school_data(13, c(6, 9, 4, 12, 7, 15, 10, 5, 8, 11), strata = c(1, 1, 1, 2, 2, 2, 3, 3, 3, 4)),
  robust_three_level = school_data(14, c(24, 40, 16, 33, 30, 9, 27, 48, 20, 25, 37, 12), sc = 0.4),
  robust_forty = school_data(15, rep(c(18, 22, 20, 25), 10), strata = rep(1:5, 8)))
# A multisite set: treatment varies inside schools that have dummies of their own, two schools of one arm only.
multisite <- school_data(16, c(10, 14, 8, 12, 6, 9, 16, 7))
set.seed(17)
multisite$treat <- rbinom(nrow(multisite), 1, 0.5)
multisite$treat[multisite$school == 3] <- 1
multisite$treat[multisite$school == 8] <- 0
for (j in 2:8) multisite[[paste0("school", j)]] <- as.integer(multisite$school == j)
datasets$robust_multisite <- multisite
# A slope that varies over schools.
set.seed(18)
datasets$robust_forty$y_slope <- round(datasets$robust_forty$y + rnorm(40, sd = 0.4)[datasets$robust_forty$school] * datasets$robust_forty$pre, 4)
for (n in names(datasets)) write.csv(datasets[[n]], file.path("data", paste0(n, ".csv")), row.names = FALSE)

htz <- function(fit, vc, rows) {
  w <- Wald_test(fit, constraints = constrain_zero(rows), vcov = vc, test = "HTZ")
  list(rows = rows - 1, f = w$Fstat, df_num = w$df_num, df_denom = w$df_denom, p = w$p_val)
}

one <- function(name, fit, data, columns, kinds, joint, cluster, random = NULL, weights = NULL, working = NULL, outcome = "y", ...) {
  d <- datasets[[data]]
  lapply(kinds, function(kind) {
    vc <- if (inherits(fit, "lmerMod")) vcovCR(fit, type = kind) else vcovCR(fit, cluster = d[[cluster]], type = kind, ...)
    ct <- coef_test(fit, vcov = vc, test = "Satterthwaite", p_values = TRUE)
    beta <- if (inherits(fit, "lmerMod")) fixef(fit) else coef(fit)
    out <- list(name = paste(name, kind), data = data, outcome = outcome, columns = columns, kind = kind, cluster = cluster,
                weights = weights, working = working, coefficients = unname(beta), matrix = unname(as.matrix(vc)),
                std_errors = ct$SE, df = ct$df, p_values = ct$p_Satt)
    if (inherits(fit, "lmerMod")) {
      vcmp <- VarCorr(fit)
      out$sigma2 <- sigma(fit)^2
      out$random <- lapply(names(vcmp), function(g) list(group = sub(":.*", "", g), columns = sub("\\(Intercept\\)", "1", colnames(vcmp[[g]])),
                                                        covariance = matrix(as.numeric(vcmp[[g]]), nrow(vcmp[[g]]))))
    }
    if (kind %in% c("CR2", "CR0") && !is.null(joint)) out$joint <- htz(fit, vc, joint)
    out
  })
}

all_kinds <- c("CR0", "CR1", "CR1S", "CR2", "CR3")
# Inverse-variance weights: inverse_var stays FALSE although it is true. clubSandwich 0.5.8 scales lm weights to mean 1 but not the target, so
# with TRUE its df change when the target is multiplied by a constant, which they must not (with target mean(w)/w both ways agree).
u <- datasets$robust_unbalanced
m <- datasets$robust_multisite
tight <- lmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-12), calc.derivs = FALSE)
cases <- c(
  one("ols unbalanced", lm(y ~ treat + pre + s2 + s3 + s4, u), "robust_unbalanced", c("treat", "pre", "s2", "s3", "s4"), all_kinds, 4:6, "school"),
  one("ols six", lm(y ~ treat + pre, datasets$robust_six), "robust_six", c("treat", "pre"), all_kinds, 2:3, "school"),
  one("ols lone stratum", lm(y ~ treat + pre + s2 + s3 + s4, datasets$robust_lone_stratum), "robust_lone_stratum",
      c("treat", "pre", "s2", "s3", "s4"), c("CR0", "CR2"), 2:3, "school"),
  one("ols forty", lm(y ~ treat + pre + s2 + s3 + s4 + s5, datasets$robust_forty), "robust_forty",
      c("treat", "pre", "s2", "s3", "s4", "s5"), all_kinds, c(2, 4:7), "school"),
  one("ols multisite dummies", lm(y ~ treat + pre + school2 + school3 + school4 + school5 + school6 + school7 + school8, m),
      "robust_multisite", c("treat", "pre", paste0("school", 2:8)), c("CR0", "CR1S", "CR2"), 2:3, "school"),
  one("wls plain", lm(y ~ treat + pre + s2 + s3 + s4, u, weights = w), "robust_unbalanced", c("treat", "pre", "s2", "s3", "s4"),
      all_kinds, 4:6, "school", weights = "w"),
  one("wls plain school", lm(y ~ treat + pre, u, weights = w_school), "robust_unbalanced", c("treat", "pre"), all_kinds, 2:3, "school",
      weights = "w_school"),
  one("wls inverse", lm(y ~ treat + pre + s2 + s3 + s4, u, weights = w), "robust_unbalanced", c("treat", "pre", "s2", "s3", "s4"),
      c("CR0", "CR2", "CR3"), 4:6, "school", weights = "w", working = "inverse", target = 1 / u$w, inverse_var = FALSE),
  one("lmer unbalanced", lmer(y ~ treat + pre + s2 + s3 + s4 + (1 | school), u, control = tight), "robust_unbalanced",
      c("treat", "pre", "s2", "s3", "s4"), all_kinds, 4:6, "school"),
  one("lmer six", lmer(y ~ treat + pre + (1 | school), datasets$robust_six, control = tight), "robust_six", c("treat", "pre"), all_kinds, 2:3,
      "school"),
  one("lmer lone stratum", lmer(y ~ treat + pre + s2 + s3 + s4 + (1 | school), datasets$robust_lone_stratum, control = tight),
      "robust_lone_stratum", c("treat", "pre", "s2", "s3", "s4"), c("CR0", "CR2"), 2:3, "school"),
  one("lmer three level", lmer(y ~ treat + pre + (1 | school) + (1 | klass), datasets$robust_three_level, control = tight),
      "robust_three_level", c("treat", "pre"), all_kinds, 2:3, "school"),
  one("lmer slope", lmer(y_slope ~ treat + pre + (1 + pre | school), datasets$robust_forty, control = tight), "robust_forty", c("treat", "pre"),
      all_kinds, 2:3, "school", outcome = "y_slope"))
write_json(list(session = list(r = R.version.string, clubSandwich = as.character(packageVersion("clubSandwich")),
                               lme4 = as.character(packageVersion("lme4"))), cases = cases),
           "expected/clubsandwich.json", digits = I(15), auto_unbox = TRUE, null = "null", na = "null")

# summary(lm): plain, weighted, and with columns that earlier ones determine (a shifted pretest, a copy of the treatment).
linear <- function(name, fit, data, columns, weights = NULL) {
  s <- summary(fit)
  list(name = name, data = data, columns = columns, weights = weights, kept = unname(which(!is.na(coef(fit)))) - 1,
       coefficients = unname(s$coefficients[, 1]), std_errors = unname(s$coefficients[, 2]), t_values = unname(s$coefficients[, 3]),
       p_values = unname(s$coefficients[, 4]), sigma = s$sigma, df_residual = fit$df.residual, r_squared = s$r.squared,
       adjusted_r_squared = s$adj.r.squared, log_likelihood = as.numeric(logLik(fit)))
}
write_json(list(session = list(r = R.version.string), cases = list(
  linear("plain", lm(y ~ treat + pre + s2 + s3 + s4, u), "robust_unbalanced", c("treat", "pre", "s2", "s3", "s4")),
  linear("weighted", lm(y ~ treat + pre, u, weights = w), "robust_unbalanced", c("treat", "pre"), "w"),
  linear("dependent", lm(y ~ treat + pre + I(2 * pre + 3) + s2 + I(1 - treat) + s3, u), "robust_unbalanced",
         c("treat", "pre", "2 pre + 3", "s2", "1 - treat", "s3")))),
  "expected/linear.json", digits = I(15), auto_unbox = TRUE, null = "null")
