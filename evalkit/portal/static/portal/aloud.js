// Reads a question and its answers aloud with a voice of this machine. Voices of other machines are not used: they would
// be sent the words. The buttons stay hidden where there is no voice.
const speech = window.speechSynthesis;
const buttons = [...document.querySelectorAll("[data-aloud]")];
let speaking = null;

const voiceHere = () => speech.getVoices().find((one) => one.localService && one.lang.startsWith("en"));
const show = () => {
  for (const button of buttons) {
    button.hidden = !voiceHere();
  }
};
const say = (button) => {
  speech.cancel();
  if (speaking === button) {
    speaking = null;
    return;
  }
  const question = button.closest("fieldset");
  const stem = document.getElementById(question.getAttribute("aria-describedby"));
  const parts = [...(stem ? [stem] : []), ...question.querySelectorAll("[data-said]")];
  const lines = parts.map((part) => part.textContent.trim());
  const words = new SpeechSynthesisUtterance(lines.map((one) => (/[.?!]$/.test(one) ? one : `${one}.`)).join(" "));
  words.voice = voiceHere();
  words.lang = words.voice.lang;
  words.onend = () => { speaking = speaking === button ? null : speaking; };
  speaking = button;
  speech.speak(words);
};
if (speech) {
  show();
  speech.addEventListener?.("voiceschanged", show);
  for (const button of buttons) {
    button.addEventListener("click", () => say(button));
  }
}
