# Curves and products that enter a propensity one after the other: Rao's score test by add1(), restricted cubic splines
# by Hmisc's formula written out. Simulated data only. From the repository root: Rscript tests/oracle/r/curved_terms.R
setwd("tests/oracle")
suppressMessages(library(jsonlite))
set.seed(20261130)
n <- 400
pre <- round(rnorm(n, 50, 10), 2); pay <- round(rlnorm(n, 3, 0.9), 2); sure <- sample(1:5, n, TRUE)
boy <- rbinom(n, 1, 0.5); maths <- rbinom(n, 1, 0.4)
z0 <- (pre - 50) / 10
treat <- rbinom(n, 1, plogis(-0.6 + 0.8 * z0^2 - 0.7 * z0 * boy + 0.6 * log(pay / 20)))
d <- data.frame(treat, pre, pay, sure, boy, maths)
write.csv(d, "data/curved_terms.csv", row.names = FALSE)

x <- as.matrix(d[, -1])
z <- apply(x, 2, function(one) (one - mean(one)) / sqrt(mean((one - mean(one))^2)))
rcs <- function(x) {
  k <- unique(round(quantile(x, c(0.05, 0.35, 0.65, 0.95), type = 7), 8)); last <- length(k)
  p <- function(u) pmax(u, 0)^3
  sapply(seq_len(last - 2), function(j) (p(x - k[j]) - p(x - k[last - 1]) * (k[last] - k[j]) / (k[last] - k[last - 1]) +
    p(x - k[last]) * (k[last - 1] - k[j]) / (k[last] - k[last - 1])) / (k[last] - k[1])^2)
}
numbers <- c("pre", "pay", "sure")
candidates <- list(); about <- list()
for (one in numbers) { s <- rcs(z[, one]); for (j in seq_len(ncol(s))) {
  candidates[[length(candidates) + 1]] <- s[, j]; about[[length(about) + 1]] <- list(columns = match(one, colnames(x)) - 1, curve = j) } }
f <- z
for (one in numbers) { ends <- quantile(z[, one], c(0.01, 0.99), type = 7); f[, one] <- pmin(pmax(z[, one], ends[1]), ends[2]) }
f <- apply(f, 2, function(one) one - mean(one))
for (i in 1:4) for (j in (i + 1):5) {
  candidates[[length(candidates) + 1]] <- f[, i] * f[, j]; about[[length(about) + 1]] <- list(columns = c(i, j) - 1, curve = 0) }
names(candidates) <- paste0("c", seq_along(candidates))
all <- cbind(d, as.data.frame(candidates))
terms <- names(d)[-1]; chosen <- list()
repeat {
  fit <- glm(reformulate(terms, "treat"), binomial, all, control = glm.control(epsilon = 1e-14, maxit = 50))
  left <- setdiff(names(candidates), terms)
  tests <- add1(fit, reformulate(c(terms, left)), test = "Rao")[-1, ]
  best <- which.max(tests[["scaled Rao sc."]]); if (!length(best)) best <- which.max(tests[["Rao score"]])
  column <- intersect(c("scaled Rao sc.", "Rao score"), names(tests))[1]
  statistic <- tests[[column]][best]
  if (statistic < 2.71) break
  name <- rownames(tests)[best]; terms <- c(terms, name)
  chosen[[length(chosen) + 1]] <- c(about[[match(name, names(candidates))]], list(statistic = statistic, first = candidates[[name]][1:5]))
}
write_json(list(chosen = chosen, session = R.version.string), "expected/curved_terms.json", digits = NA, auto_unbox = TRUE, pretty = TRUE)
print(sapply(chosen, function(one) c(paste(one$columns, collapse = ","), one$curve, round(one$statistic, 3))))
