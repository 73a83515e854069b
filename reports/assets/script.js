// What pages gain with a script: light or dark by hand; on boards filters and an order by any column.
// Without it all of them can be read. The address after # keeps the view, so that it can be shared.
"use strict";
(() => {
  const root = document.documentElement;
  const key = "seldbench-theme";
  const remembered = () => { try { return localStorage.getItem(key); } catch { return null; } };
  const theme = remembered();
  if (theme === "dark" || theme === "light") root.dataset.theme = theme;

  document.addEventListener("DOMContentLoaded", () => {
    addThemeButton();
    const boards = [...document.querySelectorAll("table.board")];
    boards.forEach(makeSortable);
    const form = document.getElementById("filters");
    if (form) startFilters(form, boards);
  });

  function addThemeButton() {
    const dark = () => root.dataset.theme ? root.dataset.theme === "dark"
      : matchMedia("(prefers-color-scheme: dark)").matches;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "theme";
    const say = () => { button.textContent = dark() ? "Light" : "Dark"; };
    button.addEventListener("click", () => {
      root.dataset.theme = dark() ? "light" : "dark";
      try { localStorage.setItem(key, root.dataset.theme); } catch { /* this page alone, then */ }
      say();
    });
    say();
    document.body.insertBefore(button, document.querySelector("header.top"));
  }

  // The order of a column, within each data set: systems without a value stay last.
  function makeSortable(table) {
    const heads = [...table.querySelectorAll("thead th[data-sort]")];
    table.original = [...table.tBodies];
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      const notes = [...head.querySelectorAll(".interval")];
      notes.forEach((note) => note.remove());
      // On paper: headings that repeat from page to page are shown as text alone.
      const printed = document.createElement("span");
      printed.className = "printed";
      printed.setAttribute("aria-hidden", "true");
      printed.textContent = head.textContent;
      button.append(...head.childNodes);
      head.append(button, printed, ...notes);
      head.setAttribute("aria-sort", "none");
      button.addEventListener("click", () => {
        const first = head.dataset.sort === "text" || "lower" in head.dataset ? "ascending" : "descending";
        const other = first === "ascending" ? "descending" : "ascending";
        const now = head.getAttribute("aria-sort");
        order(table, heads, column, now === "none" ? first : now === first ? other : "none");
        document.dispatchEvent(new CustomEvent("ordered"));
      });
    });
    table.heads = heads;
  }

  function order(table, heads, column, direction) {
    heads.forEach((head, i) => head.setAttribute("aria-sort", i === column ? direction : "none"));
    if (direction === "none") { table.append(...table.original); return; }
    const sign = direction === "ascending" ? 1 : -1;
    const numbers = heads[column].dataset.sort === "number";
    const value = (body) => {
      const cell = body.rows[0].cells[column];
      if (!numbers) return cell.textContent.trim();
      return cell.dataset.value === undefined ? null : Number(cell.dataset.value);
    };
    const compare = (a, b) => {
      if (a.value === null || b.value === null) return (a.value === null) - (b.value === null);
      return sign * (numbers ? a.value - b.value : a.value.localeCompare(b.value));
    };
    let of = [];
    const placed = [];
    const close = () => {
      placed.push(...of.sort(compare).map((entry) => entry.body));
      of = [];
    };
    for (const body of table.original) {
      if (body.classList.contains("set")) { close(); placed.push(body); }
      else of.push({ body, value: value(body) });
    }
    close();
    table.append(...placed);
  }

  function startFilters(form, boards) {
    const said = form.querySelector("output");
    const fields = ["task", "dataset", "data", "origin", "arch", "q"];
    const systems = [...document.querySelectorAll("tbody.system")].map((body) => ({
      body,
      text: [body.rows[0].cells[0], body.querySelector("summary")].map((one) => one.textContent)
        .concat(body.dataset.dataset, body.dataset.find).join(" ").toLowerCase(),
      task: body.closest("section.task").dataset.task,
    }));
    const start = form.elements.task.value;
    const nothing = document.getElementById("nothing");
    // Lists that offer what occurs under the chosen task alone.
    const lists = ["dataset", "arch"].map((name) => ({
      name, select: form.elements[name], options: [...form.elements[name].options],
    }));
    const occurs = (name, value, task) =>
      systems.some((one) => (!task || one.task === task) && one.body.dataset[name] === value);

    // A list of radio buttons does not take "" for the value of one of them.
    function choose(task) {
      for (const radio of form.querySelectorAll("[name=task]")) radio.checked ||= radio.value === task;
    }

    function offer() {
      const task = form.elements.task.value;
      for (const { name, select, options } of lists) {
        const chosen = select.value;
        select.replaceChildren(...options.filter((o) => !o.value || occurs(name, o.value, task)));
        select.value = occurs(name, chosen, task) ? chosen : "";
      }
    }

    function fits({ body, text, task }, want) {
      const of = body.dataset;
      return (!want.task || task === want.task)
        && (!want.dataset || of.dataset === want.dataset)
        && (!want.data || of.data.split(" ").includes(want.data))
        && (!want.origin || of.origin === want.origin)
        && (!want.arch || of.arch === want.arch)
        && want.q.toLowerCase().split(/\s+/).every((word) => text.includes(word));
    }

    // What to change where nothing fits: each filter without which something would.
    function advice(want) {
      const better = fields.filter((name) => want[name]).flatMap((name) => {
        const number = systems.filter((one) => fits(one, { ...want, [name]: "" })).length;
        return number ? [`without “${called(name)}” there would be ${number}`] : [];
      });
      return `No system fits these filters: ${better.join(", ") || "clear more than one of them"}.`;
    }

    function called(name) {
      const field = form.elements[name];
      if (name === "task") return form.querySelector("[name=task]:checked").parentElement.textContent.trim();
      if (name === "q") return `Search: ${field.value}`;
      return `${field.parentElement.firstChild.textContent.trim()}: ${field.selectedOptions[0].textContent}`;
    }

    function show() {
      offer();
      const want = Object.fromEntries(fields.map((name) => [name, form.elements[name].value]));
      let shown = 0;
      for (const one of systems) {
        one.body.hidden = !fits(one, want);
        shown += !one.body.hidden;
      }
      nothing.hidden = shown > 0;
      nothing.textContent = shown ? "" : advice(want);
      for (const table of boards) {
        let set = null;  // the heading of the systems that follow it
        for (const body of table.tBodies) {
          if (body.classList.contains("set")) { set = body; set.hidden = true; }
          else if (set && !body.hidden) set.hidden = false;
        }
        table.closest("section.board").hidden = !table.querySelector("tbody.system:not([hidden])");
      }
      for (const figure of document.querySelectorAll("figure.cost")) {
        figure.hidden = document.getElementById(figure.dataset.board).hidden
          || Boolean(want.dataset) && figure.dataset.dataset !== want.dataset;
      }
      for (const section of document.querySelectorAll("section.task")) {
        section.hidden = !section.querySelector("section.board:not([hidden])");
      }
      said.textContent = `${shown} of ${systems.length} systems`;
    }

    // #task=sed&q=gru&sort=sed.psds1.descending: only what differs from the beginning.
    function keep() {
      const view = new URLSearchParams();
      for (const name of fields) {
        const value = form.elements[name].value;
        if (value !== (name === "task" ? start : "")) view.set(name, value);
      }
      for (const table of boards) {
        const head = table.heads.find((one) => one.getAttribute("aria-sort") !== "none");
        if (head) view.append("sort", [table.closest("section.board").id, head.dataset.key,
          head.getAttribute("aria-sort")].join("."));
      }
      const text = view.toString();
      if (text || location.hash.includes("=")) {
        history.replaceState(null, "", text ? `#${text}` : location.pathname + location.search);
      }
    }

    function restore() {
      const hash = location.hash.slice(1);
      if (hash && !hash.includes("=")) { reveal(hash); return; }
      const view = new URLSearchParams(hash);
      for (const table of boards) order(table, table.heads, -1, "none");
      for (const { select, options } of lists) select.replaceChildren(...options);
      for (const name of fields) {
        const value = view.get(name) ?? (name === "task" ? start : "");
        if (name === "task") choose(value); else form.elements[name].value = value;
      }
      // What an address names may be another task's: then all tasks are shown.
      const task = form.elements.task.value;
      const strange = lists.some(({ name, select }) => select.value && !occurs(name, select.value, task));
      if (strange) choose("");
      for (const wanted of view.getAll("sort")) {
        const [board, score, direction] = wanted.split(".");
        const table = boards.find((one) => one.closest("section.board").id === board);
        const column = table ? table.heads.findIndex((head) => head.dataset.key === score) : -1;
        if (column >= 0 && ["ascending", "descending"].includes(direction)) order(table, table.heads, column, direction);
      }
      show();
    }

    // An address of a part of the page, such as #reading: what it names must not be filtered away.
    function reveal(id) {
      const part = document.getElementById(id);
      if (part && part.closest("section.task")) choose("");
      show();
      if (part) part.scrollIntoView();
    }

    form.hidden = false;
    form.addEventListener("input", () => { show(); keep(); });
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("reset", () => setTimeout(() => {
      for (const table of boards) order(table, table.heads, -1, "none");
      show();
      keep();
    }));
    document.addEventListener("ordered", keep);
    addEventListener("hashchange", restore);
    restore();
  }
})();
