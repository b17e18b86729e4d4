# Export the kindergarten year of Project STAR from Debian's r-cran-mlmrev to data/pupils.csv.
# The data are public, but this copy stands in a package under the GPL, so its rows are not shipped with evalkit.
#     apt-get install r-cran-mlmrev
#     Rscript export_data.R            (in this folder)
suppressPackageStartupMessages(library(mlmRev))
data(star)
kindergarten <- star[star$gr == "K", ]
dir.create("data", showWarnings = FALSE)
out <- data.frame(
  Pupil = paste0("K", kindergarten$id), School = paste0("S", kindergarten$sch), Class = paste0("T", kindergarten$tch),
  Arm = as.character(kindergarten$cltype), Sex = as.character(kindergarten$sx), Lunch = as.character(kindergarten$ses),
  Reading = kindergarten$read, Mathematics = kindergarten$math, Total = kindergarten$read + kindergarten$math
)
write.csv(out[order(out$Pupil), ], file.path("data", "pupils.csv"), row.names = FALSE, na = "", quote = FALSE)
