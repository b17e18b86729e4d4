# CPU times of psych for benchmarks/scoring.py, which writes the answers and reads the times.
# Usage: Rscript benchmarks/scoring.R FOLDER   (answers.bin and case.json in, r.json out; times are CPU seconds)
suppressMessages({library(psych); library(jsonlite)})
folder <- commandArgs(TRUE)[1]
case <- fromJSON(file.path(folder, "case.json"), simplifyVector = FALSE)
answers <- readBin(file.path(folder, "answers.bin"), "double", case$rows * length(case$items))
answers <- as.data.frame(matrix(answers, nrow = case$rows))
answers[is.na(answers)] <- NA
names(answers) <- unlist(case$items)
keys <- lapply(case$keys, unlist)
timed <- function(work) {
  times <- numeric(3)
  for (round in 1:3) { gc(); start <- proc.time(); result <- work(); spent <- proc.time() - start
    times[round] <- sum(spent[c("user.self", "sys.self")]) }
  list(seconds = median(times), result = result)
}
quietly <- function(x) suppressMessages(suppressWarnings(x))
items <- timed(function() quietly(scoreItems(keys, answers, impute = "none", min = case$min, max = case$max)))
fast <- timed(function() quietly(scoreVeryFast(keys, answers, min = case$min, max = case$max)))
alphas <- timed(function() quietly(psych::alpha(answers, check.keys = FALSE, warnings = FALSE)))
write_json(list(
  session = list(R = R.version.string, psych = as.character(packageVersion("psych"))),
  scoreItems = items$seconds, scoreVeryFast = fast$seconds, alpha = alphas$seconds,
  alpha_value = alphas$result$total$raw_alpha, first = unname(items$result$scores[1:50, 1])
), file.path(folder, "r.json"), digits = NA, auto_unbox = TRUE, na = "null")
