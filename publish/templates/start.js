(() => {
  const field = document.getElementById("narrow");
  if (!field) return;
  const bare = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  const lectures = [...document.querySelectorAll("#lectures > li")].map((row) => [row, bare(row.querySelector("h2").textContent)]);
  field.addEventListener("input", () => {
    const words = bare(field.value).split(/\s+/);
    let left = 0;
    for (const [row, title] of lectures) {
      row.hidden = !words.every((word) => title.includes(word));
      left += !row.hidden;
    }
    document.getElementById("none").textContent = left ? (field.value ? `${left} found` : "") : "No lecture is called that.";
  });
})();
