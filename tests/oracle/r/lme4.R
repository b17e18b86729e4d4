# Linear mixed models by lme4, their df by lmerTest and pbkrtest, profile intervals by lme4's confint (ML).
# Simulated data only (data/make_multilevel.py). From the repository root:  Rscript tests/oracle/r/lme4.R
suppressMessages({library(lme4); library(lmerTest); library(pbkrtest); library(jsonlite)})

setwd(dirname(dirname(normalizePath(sub("--file=", "", grep("--file=", commandArgs(FALSE), value = TRUE))))))

tight <- lmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-10, maxfun = 20000), calc.derivs = FALSE,
                     check.conv.singular = "ignore")
models <- list(
  balanced = list("lme4_balanced", "post ~ treat + pre + (1 | school)"),
  unbalanced = list("lme4_unbalanced", "post ~ treat * pre + (1 | school)"),
  eight = list("lme4_eight", "post ~ treat + pre + (1 | school)"),
  six = list("lme4_six", "post ~ treat + pre + (1 | school)"),
  seventy_one = list("lme4_seventy_one", "post ~ treat + pre + (1 | school)"),
  zero = list("lme4_zero", "post ~ treat + pre + (1 | school)"),
  weights = list("lme4_weights", "post ~ treat + pre + (1 | school)", weights = "weight"),
  weights_slope = list("lme4_weights", "post ~ treat + pre + (1 + pre | school)", weights = "weight"),
  three = list("lme4_three", "post ~ treat + pre + (1 | school/klass)"),
  three_slope = list("lme4_three", "post ~ treat + pre + (1 + pre | school) + (1 | school:klass)"),
  slope = list("lme4_slope", "post ~ arm * girl + pre + (1 + pre | school)"),
  slope_apart = list("lme4_slope", "post ~ arm + pre + (1 + pre || school)"),
  slope_two = list("lme4_slope", "post ~ arm + pre + girl + (1 + pre + girl | school)"),
  crossed = list("lme4_crossed", "post ~ treat + pre + (1 | primary) + (1 | secondary)"),
  groups = list("lme4_groups", "post ~ treat + pre + (0 + treat | group)")
)
profiled <- c("balanced", "unbalanced", "three", "slope_apart", "crossed")

# bobyqa stops early in narrow valleys (intercept and slope far from the data's centre): start it again where it stopped.
fitted_again <- function(fitter, f, d, reml = TRUE) {
  m <- fitter(f, d, weights = d$.w, REML = reml, control = tight)
  for (again in 1:4) m <- fitter(f, d, weights = d$.w, REML = reml, control = tight, start = getME(m, "theta"))
  m
}

quietly <- function(x) suppressMessages(suppressWarnings(x))

describe <- function(name, data, formula, weighted = NULL) {
  d <- read.csv(file.path("data", paste0(data, ".csv")), stringsAsFactors = TRUE)
  w <- if (is.null(weighted)) rep(1, nrow(d)) else d[[weighted]]
  d$.w <- w
  f <- as.formula(formula)
  m <- quietly(fitted_again(lmerTest::lmer, f, d))
  plain <- quietly(fitted_again(lme4::lmer, f, d))
  ml <- quietly(fitted_again(lme4::lmer, f, d, FALSE))
  coefs <- coef(summary(m))
  terms <- Map(function(group, effects, block) list(group = group, effects = I(effects), relative = block),
               sub("\\.\\d+$", "", names(getME(m, "cnms"))), lapply(unname(getME(m, "cnms")), as.character),
               lapply(unname(VarCorr(m)), function(v) { attributes(v)[c("stddev", "correlation", "useSc")] <- NULL
                                                        unname(matrix(v / sigma(m)^2, nrow(v))) }))
  vc <- as.data.frame(VarCorr(m))
  effects <- ranef(m, condVar = TRUE)
  out <- list(data = data, formula = formula, weights = if (is.null(weighted)) NA else weighted, n = nobs(m), terms = unname(terms),
    beta = unname(fixef(m)), se = unname(coefs[, "Std. Error"]), covariance = unname(as.matrix(vcov(m))),
    sigma = sigma(m), variances = list(group = vc$grp, value = vc$vcov, sdcor = vc$sdcor),
    loglik = as.numeric(logLik(m)), aic = AIC(m), bic = BIC(m), ml_loglik = as.numeric(logLik(ml)),
    ml_beta = unname(fixef(ml)), ml_sigma = sigma(ml), singular = isSingular(m),
    random_effects = lapply(effects, function(x) list(level = I(rownames(x)), mode = unname(as.matrix(x)),
      sd = if (is.array(attr(x, "postVar"))) t(apply(attr(x, "postVar"), 3, function(v) sqrt(diag(as.matrix(v))))) else NULL)))
  out$fitted <- unname(head(fitted(m), 12))
  L <- diag(length(fixef(m)))
  if (!isSingular(m)) out$satterthwaite <- list(df = unname(coefs[, "df"]))
  if (!isSingular(m)) { s <- contestMD(m, L[-1, , drop = FALSE])
    out$satterthwaite$joint <- list(statistic = s[["F value"]], num_df = s$NumDF, den_df = s$DenDF, p_value = s[["Pr(>F)"]]) }
  if (is.null(weighted)) { # pbkrtest ignores weights
    adjusted <- vcovAdj(plain)
    k <- KRmodcomp(plain, L[-1, , drop = FALSE])$stats
    out$kenward_roger <- list(df = sapply(seq_len(nrow(L)), function(i) Lb_ddf(L[i, ], vcov(plain), adjusted)),
      se = unname(sqrt(diag(as.matrix(adjusted)))),
      joint = list(statistic = k$Fstat, num_df = k$ndf, den_df = k$ddf, p_value = k$p.value, scale = k$F.scaling)) }
  if (name %in% profiled) { ci <- quietly(confint(profile(ml, prof.scale = "sdcor", signames = FALSE)))
    ci <- ci[grepl("^(sd_|sigma)", rownames(ci)), ]
    out$profile_ml <- list(parameter = rownames(ci), low = unname(ci[, 1]), high = unname(ci[, 2])) }
  out
}

cases <- Map(function(name, spec) describe(name, spec[[1]], spec[[2]], spec$weights), names(models), models)
d <- read.csv("data/lme4_slope.csv", stringsAsFactors = TRUE)
small <- lme4::lmer(post ~ arm + pre + (1 | school), d, REML = FALSE, control = tight)
large <- lme4::lmer(post ~ arm * girl + pre + (1 | school), d, REML = FALSE, control = tight)
a <- anova(small, large)
comparison <- list(chisq = a$Chisq[2], df = a$Df[2], p_value = a[["Pr(>Chisq)"]][2], aic = a$AIC, bic = a$BIC)
session <- list(R = R.version.string, packages = sapply(c("lme4", "lmerTest", "pbkrtest"), function(p) as.character(packageVersion(p))))
write_json(list(session = session, comparison = comparison, cases = cases), "expected/lme4.json", digits = NA,
           auto_unbox = TRUE, null = "null", pretty = TRUE)
