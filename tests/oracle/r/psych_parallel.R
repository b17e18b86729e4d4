# Parallel analysis with psych. The eigenvalues of the answers are exact; those of unrelated answers are random, so their
# 0.95 quantile over 1000 draws comes with its spread. Run from the root: Rscript tests/oracle/r/psych_parallel.R
suppressPackageStartupMessages({library(psych); library(jsonlite)})

data <- read.csv("tests/oracle/data/factor_three.csv")
one <- function(items, draws, ...) {
  set.seed(1)
  found <- suppressWarnings(fa.parallel(items, plot = FALSE, n.iter = draws, ...))
  pick <- function(...) for (name in c(...)) if (length(found[[name]]) > 1) return(found[[name]])
  list(n_components = found$ncomp, n_factors = found$nfact, components = found$pc.values, factors = found$fa.values,
       component_mean = pick("pc.sim", "pc.simr"), factor_mean = pick("fa.sim", "fa.simr"))
}
capture <- function(...) { out <- NULL; invisible(capture.output(out <- suppressMessages(one(...)))); out }
items <- data[paste0("q", 1:12)]
complete <- na.omit(items)
# Eigenvalues of unrelated answers, for the same matrices
set.seed(2)
matrices <- lapply(1:8, function(i) cor(matrix(rnorm(60 * 6), 60)))
axes <- lapply(matrices, function(r) suppressWarnings(fa(r, fm = "minres", nfactors = 1, rotate = "none", SMC = FALSE, warnings = FALSE)$values))
normal <- capture(complete, 400); gaps <- capture(items, 100)
# psych draws normal and resampled answers together; for the resampled reference only these are drawn
poly <- capture(complete, 40, cor = "poly", sim = FALSE, correct = 0)
result <- list(
  session = list(r = R.version.string, psych = as.character(packageVersion("psych"))),
  matrices = matrices, axes = axes,
  normal = normal, gaps = gaps, polychoric = poly
)
write_json(result, "tests/oracle/expected/psych_parallel.json", auto_unbox = TRUE, digits = 12, pretty = TRUE)
