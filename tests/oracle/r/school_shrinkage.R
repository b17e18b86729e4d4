# Schools' true changes predicted in hubs (data/hubs.csv): with lme4's variances, Henderson's mixed-model equations on
# pupils' rows give predictions and their error variances. Rscript tests/oracle/r/school_shrinkage.R
suppressMessages({library(lme4); library(jsonlite)})
d <- read.csv("tests/oracle/data/hubs.csv")
d <- d[!is.na(d$before) & !is.na(d$after), ]
d$change <- d$after - d$before
d <- d[!(d$school %% 2 == 1 & d$pupil %% 5 == 0), ]  # schools of unlike size
d$school <- factor(d$school); d$hub <- factor(d$hub)
fit <- lmer(change ~ 1 + (1 | hub / school), d, REML = TRUE)
v <- as.data.frame(VarCorr(fit))
sigma2 <- v$vcov[v$grp == "Residual"]; vs <- v$vcov[v$grp == "school:hub"]; vh <- v$vcov[v$grp == "hub"]
schools <- levels(d$school)
hub_of <- sapply(schools, function(s) as.character(d$hub[d$school == s][1]))
X <- matrix(1, nrow(d), 1); Zs <- model.matrix(~ 0 + school, d); Zh <- model.matrix(~ 0 + hub, d)
W <- cbind(X, Zs, Zh)
C <- crossprod(W) / sigma2 + diag(c(0, rep(1 / vs, ncol(Zs)), rep(1 / vh, ncol(Zh))))
inverse <- solve(C); solution <- inverse %*% crossprod(W, d$change) / sigma2
modes <- ranef(fit)
stopifnot(all.equal(unname(solution[1 + seq_along(schools)]), modes[["school:hub"]][paste0(schools, ":", hub_of), 1], tolerance = 1e-4))
rows <- lapply(seq_along(schools), function(i) {
  k <- rep(0, ncol(W)); k[1 + i] <- 1; k[1 + ncol(Zs) + match(hub_of[i], levels(d$hub))] <- 1
  full <- k; full[1] <- 1
  list(n = sum(d$school == schools[i]), mean = mean(d$change[d$school == schools[i]]),
       hub = match(hub_of[[i]], levels(d$hub)) - 1, deviation = sum(k * solution),
       deviation_variance = c(t(k) %*% inverse %*% k), value_variance = c(t(full) %*% inverse %*% full))
})
out <- list(session = list(R = R.version.string, lme4 = as.character(packageVersion("lme4"))),
            sigma2 = sigma2, school_variance = vs, hub_variance = vh, middle = solution[1],
            middle_variance = inverse[1, 1], schools = do.call(rbind, lapply(rows, as.data.frame)))
write(toJSON(out, digits = 12, auto_unbox = TRUE, dataframe = "columns", pretty = TRUE), "tests/oracle/expected/school_shrinkage.json")
