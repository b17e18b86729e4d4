# Effect sizes of cluster and multisite trials from lme4 fits: variances by lme4, KR tests by pbkrtest, degrees of freedom of a
# variance by n x n matrices, formulas of Hedges (2007) typed in from the paper. A yes/no outcome by glmer and integrate().
# Simulated data only (data/make_effect_size.py, data/make_multilevel.py). Run from tests/oracle:  Rscript r/effect_size_cluster.R
suppressMessages({library(lme4); library(pbkrtest); library(jsonlite)})

tight <- lmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-10, maxfun = 20000), calc.derivs = FALSE,
                     check.conv.singular = "ignore")
fitted_again <- function(f, d) {
  m <- suppressMessages(lmer(f, d, control = tight))
  for (again in 1:4) m <- suppressMessages(lmer(f, d, control = tight, start = getME(m, "theta")))
  m
}
J <- function(m) exp(lgamma(m / 2) - lgamma((m - 1) / 2)) / sqrt(m / 2)

# Mean over pupils of the variance given the arm, and 2 S^4 / Var(S^2) from the expected REML information by dense matrices.
yardstick <- function(m) {
  X <- getME(m, "X"); n <- nrow(X); Z <- as.matrix(getME(m, "Z"))
  parts <- list(); value <- c(); weight <- c()
  at <- 0
  for (g in seq_along(VarCorr(m))) {
    v <- VarCorr(m)[[g]]; q <- nrow(v); L <- length(levels(getME(m, "flist")[[names(VarCorr(m))[g]]]))
    block <- Z[, at + seq_len(q * L), drop = FALSE]; at <- at + q * L
    for (b in 1:q) for (a in b:q) {
      za <- block[, seq(a, q * L, q), drop = FALSE]; zb <- block[, seq(b, q * L, q), drop = FALSE]
      p <- za %*% t(zb); if (a != b) p <- p + t(p)
      parts <- c(parts, list(p)); value <- c(value, v[a, b]); weight <- c(weight, mean(diag(p)))
    }
  }
  parts <- c(parts, list(diag(n))); value <- c(value, sigma(m)^2); weight <- c(weight, 1)
  V <- Reduce(`+`, Map(`*`, parts, value)); W <- solve(V)
  P <- W - W %*% X %*% solve(t(X) %*% W %*% X, t(X) %*% W)
  PV <- lapply(parts, function(p) P %*% p)
  k <- length(parts); I <- matrix(0, k, k)
  for (i in 1:k) for (j in 1:k) I[i, j] <- sum(PV[[i]] * t(PV[[j]])) / 2
  C <- solve(I); S2 <- sum(weight * value); last <- value[k]
  list(total = sqrt(S2), within = sqrt(last), total_df = 2 * S2^2 / drop(weight %*% C %*% weight), within_df = 2 * last^2 / C[k, k],
       icc = 1 - last / S2)
}

kr <- function(m, name) {
  at <- which(names(fixef(m)) == name); l <- as.numeric(seq_along(fixef(m)) == at)
  adjusted <- vcovAdj(m); df <- Lb_ddf(l, vcov(m), adjusted); se <- sqrt(adjusted[at, at]); b <- fixef(m)[[at]]
  list(b = b, se = se, low = b - qt(.975, df) * se, high = b + qt(.975, df) * se, p = 2 * pt(-abs(b / se), df))
}
row_of <- function(variant, value, low, high, p = NA) list(variant = variant, estimate = value, conf_low = low, conf_high = high, p_value = p)
scaled <- function(variant, e, factor) row_of(variant, e$b * factor, e$low * factor, e$high * factor, e$p)

hedges <- function(d, r, T, C, within) { # T, C: cluster sizes
  NT <- sum(T); NC <- sum(C); N <- NT + NC; M <- length(T) + length(C)
  tilde <- NC * sum(T^2) / (NT * N) + NT * sum(C^2) / (NC * N)
  if (within) return(N / (NT * NC) * (1 + (tilde - 1) * r) / (1 - r) + d^2 / (2 * (N - M)))
  U <- function(n) (sum(n)^2 - sum(n^2)) / (sum(n) * (length(n) - 1))
  A1 <- function(n) (sum(n)^2 * sum(n^2) + sum(n^2)^2 - 2 * sum(n) * sum(n^3)) / sum(n)^2
  A <- A1(T) + A1(C); B <- U(T) * (length(T) - 1) + U(C) * (length(C) - 1)
  N / (NT * NC) * (1 + (tilde - 1) * r) +
    d^2 * ((N - 2) * (1 - r)^2 + A * r^2 + 2 * B * r * (1 - r)) / (2 * (N - 2) * ((N - 2) - r * (N - 2 - B)))
}
twice <- function(r, T, C) {
  N <- sum(T) + sum(C); U <- function(n) (sum(n)^2 - sum(n^2)) / (sum(n) * (length(n) - 1))
  sqrt(1 - r * ((N - U(T) * length(T) - U(C) * length(C)) + U(T) + U(C) - 2) / (N - 2))
}

describe <- function(data, formula, arm_only, empty, group, term, arm = NULL) {
  d <- read.csv(file.path("data", paste0(data, ".csv")), stringsAsFactors = TRUE)
  own <- fitted_again(as.formula(formula), d)
  e <- kr(own, term)
  y <- yardstick(fitted_again(as.formula(arm_only), d)); y0 <- yardstick(fitted_again(as.formula(empty), d)); yc <- yardstick(own)
  N <- nrow(d); J0 <- 1 - 3 / (4 * (N - 2) - 1)
  treated <- if (is.null(arm)) d$treat == 1 else d$arm == arm
  control <- if (is.null(arm)) d$treat == 0 else d$arm == "control"
  rows <- list(scaled("g_total", e, J(y$total_df) / y$total), scaled("g_within", e, J(y$within_df) / y$within),
    scaled("conditional_total", e, J(yc$total_df) / yc$total), scaled("conditional_within", e, J(yc$within_df) / yc$within),
    scaled("eef_null_total", e, J0 / y0$total), scaled("eef_null_within", e, J0 / y0$within))
  nu <- y$total_df; kappa <- e$se / y$total; t <- e$b / e$se
  ncp <- function(p) uniroot(function(x) suppressWarnings(pt(t, nu, x)) - p, c(t - 8, t + 8), tol = 1e-12)$root
  rows <- c(rows, list(row_of("design_comparable", J(nu) * e$b / y$total, kappa * ncp(.975), kappa * ncp(.025))))
  nt <- tapply(treated, d[[group]], sum); nc <- tapply(control, d[[group]], sum)
  formula_rows <- function(name, value, variance) row_of(name, value, value - qnorm(.975) * sqrt(variance), value + qnorm(.975) * sqrt(variance))
  gt <- rows[[1]]$estimate; gw <- rows[[2]]$estimate
  if (all(nt == 0 | nc == 0)) {
    T <- nt[nt > 0]; C <- nc[nc > 0]
    pt_ <- e$b / y0$total * twice(y0$icc, T, C); pw <- e$b / y0$within
    rows <- c(rows, list(formula_rows("hedges_2007_total", gt, hedges(gt, y$icc, T, C, FALSE)),
      formula_rows("hedges_2007_within", gw, hedges(gw, y$icc, T, C, TRUE)),
      formula_rows("eef_package_total", pt_, hedges(pt_, y0$icc, T, C, FALSE)),
      formula_rows("eef_package_within", pw, hedges(pw, y0$icc, T, C, TRUE))))
  } else {
    both <- nt > 0 & nc > 0; h <- (nt * nc / (nt + nc))[both]; a <- as.matrix(VarCorr(fitted_again(as.formula(arm_only), d))[[group]])
    va <- if (nrow(a) > 1) a[2, 2] else 0; n <- sum((nt + nc)[both]); M <- sum(both)
    v <- function(g, s) 1 / sum(s^2 / (va + y$within^2 / h)) + g^2 / (2 * n - 4 * M)
    rows <- c(rows, list(formula_rows("multisite_total", gt, v(gt, y$total)), formula_rows("multisite_within", gw, v(gw, y$within))))
  }
  list(data = data, formula = formula, treatment = if (is.null(arm)) "treat" else "arm",
    contrast = if (is.null(arm)) "treat" else paste0("arm[T.", arm, "]"), yardstick = y, rows = rows,
    counts = list(n_treated = sum(treated), n_control = sum(control), clusters_treated = sum(nt > 0), clusters_control = sum(nc > 0)))
}

cluster <- function(data, group = "school") describe(data, sprintf("post ~ treat + pre + (1 | %s)", group),
  sprintf("post ~ treat + (1 | %s)", group), sprintf("post ~ 1 + (1 | %s)", group), group, "treat")
cases <- list(unbalanced = cluster("lme4_unbalanced"), eight = cluster("lme4_eight"), balanced = cluster("lme4_balanced"),
  zero = cluster("lme4_zero"))
for (arm in c("online", "tutor")) cases[[paste0("three_arms_", arm)]] <- describe("effect_size_three_arms", "post ~ arm + pre + (1 | school)",
  "post ~ arm + (1 | school)", "post ~ 1 + (1 | school)", "school", paste0("arm", arm), arm)
cases$multisite <- describe("effect_size_multisite", "post ~ treat + pre + (1 + treat | site)", "post ~ treat + (1 + treat | site)",
  "post ~ 1 + (1 | site)", "site", "treat")
cases$multisite_common <- describe("effect_size_multisite", "post ~ treat + pre + (1 | site)", "post ~ treat + (1 | site)",
  "post ~ 1 + (1 | site)", "site", "treat")

d <- read.csv("data/effect_size_three_arms.csv", stringsAsFactors = TRUE)
m <- glmer(passed ~ arm + pre + (1 | school), d, binomial, nAGQ = 15, control = glmerControl(optimizer = "bobyqa",
           optCtrl = list(rhobeg = 0.1, rhoend = 1e-9, maxfun = 20000), tolPwrss = 1e-13))
risk <- function(arm) { X <- getME(m, "X"); X[, c("armonline", "armtutor")] <- 0; if (arm != "control") X[, paste0("arm", arm)] <- 1
  mean(sapply(drop(X %*% fixef(m)), function(l) integrate(function(z) plogis(l + getME(m, "theta") * z) * dnorm(z), -9, 9, rel.tol = 1e-11)$value)) }
binary <- lapply(c(online = "online", tutor = "tutor"), function(arm) { a <- risk(arm); b <- risk("control")
  list(risk_difference = a - b, cox_d = (qlogis(a) - qlogis(b)) / 1.65, marginal_odds_ratio = exp(qlogis(a) - qlogis(b)),
       conditional_odds_ratio = exp(fixef(m)[[paste0("arm", arm)]])) })
session <- list(R = R.version.string, packages = sapply(c("lme4", "pbkrtest"), function(p) as.character(packageVersion(p))))
write_json(list(session = session, cases = cases, binary = binary), "expected/effect_size_cluster.json", digits = NA, auto_unbox = TRUE,
           null = "null", na = "null", pretty = TRUE)
