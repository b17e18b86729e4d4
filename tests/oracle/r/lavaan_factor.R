# Factor models with three factors, one factor and unrelated factors: ML, MLR, schools, gaps, ordinal answers.
# Run from the repository root: Rscript tests/oracle/r/lavaan_factor.R
suppressPackageStartupMessages({library(lavaan); library(jsonlite)})

data <- read.csv("tests/oracle/data/factor_three.csv")
items <- paste0("q", 1:12)
complete <- na.omit(data)
three <- "f1 =~ q1 + q2 + q3 + q4
f2 =~ q5 + q6 + q7 + q8
f3 =~ q9 + q10 + q11 + q12"
one <- paste("f1 =~", paste(items[1:4], collapse = " + "))
general <- paste0(paste("g =~", paste(items, collapse = " + ")), "\n", three)
merged <- data
merged[items] <- lapply(data[items], function(x) ifelse(x <= 2, 1, ifelse(x == 3, 2, 3)))

wanted <- c(
  chi_square = "chisq", df = "df", p_value = "pvalue", cfi = "cfi", tli = "tli", rmsea = "rmsea",
  rmsea_low = "rmsea.ci.lower", rmsea_high = "rmsea.ci.upper"
)
indices <- function(measures, suffix) {
  here <- paste0(wanted, suffix)
  # lavaan has no robust chi-square beside its robust indices
  if (suffix == ".robust") here[1:3] <- NA
  out <- as.list(unname(measures[here])); names(out) <- names(wanted)
  out[!is.na(here) & here %in% names(measures)]
}
summarise <- function(fit) {
  stopifnot(lavInspect(fit, "converged"))
  measures <- fitMeasures(fit)
  estimates <- parameterEstimates(fit); estimates <- estimates[estimates$op == "=~", ]
  standard <- standardizedSolution(fit); standard <- standard[standard$op == "=~", ]
  list(
    n = lavInspect(fit, "nobs"),
    standard = indices(measures, ""),
    scaled = if ("chisq.scaled" %in% names(measures)) indices(measures, ".scaled"),
    scale = if ("chisq.scaling.factor" %in% names(measures)) unname(measures["chisq.scaling.factor"]),
    robust = if ("cfi.robust" %in% names(measures)) indices(measures, ".robust"),
    baseline = unname(measures["baseline.chisq"]), srmr = unname(measures["srmr"]),
    loading = estimates$est, loading_se = estimates$se,
    standardised = standard$est.std, standardised_se = standard$se,
    correlation = lavInspect(fit, "cor.lv")
  )
}
fit <- function(model, data, ...) summarise(suppressWarnings(cfa(model, data, std.lv = TRUE, ...)))

cases <- list(
  ml = fit(three, complete),
  mlr = fit(three, complete, estimator = "MLR"),
  schools = fit(three, complete, cluster = "school"),
  gaps = fit(three, data, missing = "fiml"),
  gaps_mlr = fit(three, data, missing = "fiml", estimator = "MLR"),
  gaps_schools = fit(three, data, missing = "fiml", cluster = "school"),
  one = fit(one, complete),
  general = fit(general, complete, orthogonal = TRUE),
  ordinal = fit(three, complete, ordered = items),
  ordinal_one = fit(one, complete, ordered = items[1:4]),
  ordinal_merged = fit(three, na.omit(merged), ordered = items)
)
first <- summarise(cfa(three, complete))  # scaled by each factor's first loading
cases$first_loading <- first[c("loading", "loading_se", "standard", "standardised", "standardised_se")]
result <- list(
  session = list(r = R.version.string, lavaan = as.character(packageVersion("lavaan"))),
  cases = cases
)
write_json(result, "tests/oracle/expected/lavaan_factor.json", auto_unbox = TRUE, digits = 12, pretty = TRUE, null = "null", na = "null")
