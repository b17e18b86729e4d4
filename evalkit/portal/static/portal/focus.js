// The summary of what is wrong is read first, by eyes and by screen readers.
document.getElementById("error-summary")?.focus();
