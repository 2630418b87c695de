(() => {
  "use strict";
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const make = (tag, properties) => Object.assign(document.createElement(tag), properties);

  // A heading folds its part; what is folded is still found by the browser's search, and printed.
  const fold = (heading, open) => {
    const part = heading.nextElementSibling;
    heading.firstChild.setAttribute("aria-expanded", String(open));
    if (open) part.removeAttribute("hidden");
    else part.setAttribute("hidden", "until-found");
  };
  for (const heading of all("main section > h2:has(+ .part)")) {
    const button = make("button", { type: "button", className: "fold" });
    button.append(...heading.childNodes);
    heading.append(button);
    fold(heading, true);
    button.addEventListener("click", () => fold(heading, button.getAttribute("aria-expanded") !== "true"));
    heading.nextElementSibling.addEventListener("beforematch", () => fold(heading, true));
  }

  const arrive = () => {
    const target = document.getElementById(location.hash.slice(1));
    const part = target && target.closest("section:has(> .part)");
    if (part) {
      fold(part.querySelector(":scope > h2"), true);
      target.scrollIntoView();
    }
  };
  addEventListener("hashchange", arrive);
  for (const link of all("a[href^='#']")) link.addEventListener("click", () => setTimeout(arrive));

  const contents = document.getElementById("contents");
  if (contents) {
    const narrow = matchMedia("(max-width: 74.99rem)");
    const suit = () => (contents.open = !narrow.matches);
    narrow.addEventListener("change", suit);
    suit();
  }

  // What a cell counts when sorted: its number, else the number its text begins with, else null.
  const [point, group] = document.documentElement.dataset.marks || ".,";
  const begins = new RegExp(`^[<>]? ?([+-]?\\d[\\d${group}]*([${point}]\\d+)?)`);
  const count = (cell) => {
    const given = cell.dataset.value;
    if (given !== undefined) return given === "" || isNaN(given) ? null : Number(given);
    const found = begins.exec(cell.textContent.trim().replace("−", "-"));
    return found ? Number(found[1].replaceAll(group, "").replace(point, ".")) : null;
  };
  const empty = (cell) => cell.dataset.value === "" || ["", "–"].includes(cell.textContent.trim());
  const words = new Intl.Collator("en", { numeric: true });

  const sortable = (table, body, heads) => {
    const rows = [...body.rows];
    heads.forEach((head, place) => {
      const button = make("button", { type: "button", className: "sort" });
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const before = head.getAttribute("aria-sort");
        const order = { ascending: "descending", descending: null }[before];
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        if (order === null) return body.append(...rows);
        head.setAttribute("aria-sort", order || "ascending");
        const cells = rows.map((row) => row.cells[place]);
        const numbers = cells.every((cell) => empty(cell) || count(cell) !== null);
        const way = order ? -1 : 1;
        const keyed = rows.map((row) => {
          const cell = row.cells[place];
          return { row, none: empty(cell), number: numbers ? count(cell) : 0, text: cell.dataset.value ?? cell.textContent };
        });
        keyed.sort((a, b) => {
          if (a.none || b.none) return a.none - b.none;
          if (a.number !== b.number) return way * (a.number < b.number ? -1 : 1);
          return way * words.compare(a.text, b.text);
        });
        body.append(...keyed.map((item) => item.row));
      });
    });
  };

  // As journeylab.report.tables writes it; of a filtered table only the rows that are left.
  const number = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i;
  const guarded = (text) => (/^[=+\-@\t\r\n＝＋－＠]/.test(text) && !number.test(text) ? "'" + text : text);
  const quoted = (text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const plain = (cell) => guarded(cell.dataset.value ?? cell.innerText.trim().replace(/\s*\n\s*/g, "\n"));
  const csv = (table) => {
    const rows = all("tr", table).filter((row) => !row.hidden);
    const wide = new Set();
    for (const cell of all("[data-high]", table)) wide.add(cell.cellIndex);
    return rows.map((row, line) => [...row.cells].flatMap((cell) => {
      const first = plain(cell);
      if (wide.has(cell.cellIndex)) return line ? [first, cell.dataset.high ?? ""] : [`${first} low`, `${first} high`];
      return [first, ...Array(cell.colSpan - 1).fill("")];
    }).map(quoted).join(",") + "\r\n").join("");
  };
  const copy = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = make("textarea", { value: text });
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
  };

  // In a flow picture a touchpoint lights the bands through it; touchpoints of several steps light the path between them.
  for (const flow of all("svg.flow")) {
    const chosen = new Set();
    const nodes = all("[data-n]", flow);
    const said = make("p", { className: "more" });
    const name = (part) => part.firstElementChild.textContent;
    const light = (extra) => {
      const wanted = new Set(extra ? [...chosen, extra] : chosen);
      const steps = new Set([...wanted].map((key) => parseInt(key)));
      flow.classList.toggle("on", wanted.size > 0);
      for (const band of all("[data-b]", flow)) {
        const ends = band.dataset.b.split(" ");
        const fits = ends.every((key) => wanted.has(key) || !steps.has(parseInt(key)));
        band.classList.toggle("lit", fits && ends.some((key) => wanted.has(key)));
      }
      for (const node of nodes) node.setAttribute("aria-pressed", String(chosen.has(node.dataset.n)));
      const along = all(".lit", flow).filter((band) => band.dataset.b.split(" ").every((key) => wanted.has(key)));
      said.textContent = [...nodes.filter((node) => wanted.has(node.dataset.n)), ...along].map(name).join("; ");
    };
    said.setAttribute("role", "status");
    flow.setAttribute("role", "group");
    flow.parentElement.after(said);
    for (const node of nodes) {
      const key = node.dataset.n;
      const choose = () => {
        if (!chosen.delete(key)) chosen.add(key);
        light();
      };
      for (const [what, value] of [["tabindex", "0"], ["role", "button"], ["aria-label", name(node)]]) node.setAttribute(what, value);
      node.addEventListener("click", choose);
      node.addEventListener("focus", () => node.matches(":focus-visible") && light(key));
      node.addEventListener("blur", () => light());
      node.addEventListener("keydown", (event) => {
        if (event.key === "Escape") chosen.clear(), light();
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        choose();
      });
    }
    light();
  }

  for (const table of all("main table")) {
    const body = table.tBodies[0];
    const place = table.closest(".scroll") || table;
    if (!body || !table.caption) continue;
    const title = table.caption.textContent.trim();
    const bar = make("div", { className: "tools" });
    const said = make("span", { className: "more" });
    said.setAttribute("role", "status");
    const heads = table.tHead && table.tHead.rows.length === 1 ? [...table.tHead.rows[0].cells] : [];
    const even = heads.length && [...body.rows].every((row) => row.cells.length === heads.length);
    if (even && body.rows.length > 1 && !table.closest(".journey-map")) sortable(table, body, heads);
    const filters = [];
    const filter = (words, control, keeps) => {
      control.setAttribute("aria-label", `${words}: ${title}`);
      const label = make("label", { textContent: `${words} ` });
      label.append(control);
      bar.append(label);
      filters.push(keeps);
      control.addEventListener("input", () => {
        for (const row of body.rows) row.hidden = !filters.every((fits) => fits(row));
        said.textContent = `${[...body.rows].filter((row) => !row.hidden).length} of ${body.rows.length} rows`;
      });
    };
    heads.forEach((head, place) => {
      const kind = head.textContent.trim();
      if (!even || !["Stage", "Behaviour"].includes(kind) || table.closest(".journey-map")) return;
      const value = (row) => row.cells[place].textContent.trim();
      const found = [...new Set([...body.rows].map(value))];
      if (found.length < 2 || found.length > 12 || found.length === body.rows.length) return;
      const select = make("select", {});
      select.append(new Option("all", ""), ...found.map((text) => new Option(text, `=${text}`)));
      filter(kind, select, (row) => [`=${value(row)}`, ""].includes(select.value));
    });
    if (body.rows.length >= 12) {
      const box = make("input", { type: "search", autocomplete: "off" });
      filter("Filter rows", box, (row) => {
        const text = row.textContent.toLowerCase();
        return box.value.toLowerCase().split(/\s+/).every((word) => text.includes(word));
      });
    }
    const button = make("button", { type: "button", textContent: "Copy as CSV", title: table.caption.title });
    button.setAttribute("aria-label", `Copy as CSV: ${title}`);
    button.addEventListener("click", () => {
      copy(csv(table));
      said.textContent = `Copied; in the run it is ${table.caption.title}`;
    });
    bar.append(button, said);
    place[filters.length ? "before" : "after"](bar);
  }
  if (location.hash) arrive();
})();
