# McDonald's omega as a defined parameter of a one-factor ML model.
# Run from the repository root: Rscript tests/oracle/r/lavaan_omega.R
suppressPackageStartupMessages({library(lavaan); library(jsonlite)})

one <- function(name) {
  items <- na.omit(read.csv(file.path("tests/oracle/data", paste0(name, ".csv"))))
  k <- ncol(items)
  loadings <- paste0("l", seq_len(k)); errors <- paste0("t", seq_len(k))
  common <- paste0("(", paste(loadings, collapse = " + "), ")^2")
  model <- c(
    paste("f =~", paste(paste0(loadings, "*", names(items)), collapse = " + ")),
    paste0(names(items), " ~~ ", errors, "*", names(items)),
    paste0("omega := ", common, " / (", common, " + ", paste(errors, collapse = " + "), ")")
  )
  fit <- cfa(paste(model, collapse = "\n"), items, std.lv = TRUE, estimator = "ML")
  stopifnot(lavInspect(fit, "converged"))
  table <- parameterEstimates(fit)
  pick <- function(labels, column) table[match(labels, table$label), column]
  sign <- if (sum(pick(loadings, "est")) < 0) -1 else 1
  list(
    n = nrow(items), k = k,
    value = pick("omega", "est"), std_error = pick("omega", "se"),
    low = pick("omega", "ci.lower"), high = pick("omega", "ci.upper"),
    loadings = sign * pick(loadings, "est"), loadings_se = pick(loadings, "se"),
    uniquenesses = pick(errors, "est"), uniquenesses_se = pick(errors, "se"),
    chi_square = as.numeric(fitMeasures(fit, "chisq")), df = as.numeric(fitMeasures(fit, "df"))
  )
}

names <- c("items_eight", "items_gaps", "items_three", "items_unreversed")
result <- list(
  session = list(r = R.version.string, lavaan = as.character(packageVersion("lavaan"))),
  cases = setNames(lapply(names, one), names)
)
write_json(result, "tests/oracle/expected/lavaan_omega.json", auto_unbox = TRUE, digits = 15, pretty = TRUE)
