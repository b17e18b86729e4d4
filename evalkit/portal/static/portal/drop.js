// A file may be dropped on the box around the ordinary field; without this script the field works by itself.
const box = document.querySelector("[data-drop]");
const field = box?.querySelector("input[type=file]");
if (box && field) {
  box.querySelector(".drop-words").hidden = false;
  for (const kind of ["dragenter", "dragover"]) {
    box.addEventListener(kind, (event) => { event.preventDefault(); box.classList.add("over"); });
  }
  for (const kind of ["dragleave", "drop"]) {
    box.addEventListener(kind, () => box.classList.remove("over"));
  }
  box.addEventListener("drop", (event) => {
    event.preventDefault();
    if (event.dataTransfer.files.length) {
      field.files = event.dataTransfer.files;
    }
  });
}
