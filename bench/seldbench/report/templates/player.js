// Clips of a page: one at a time, switched by tabs; while a sound plays, a cursor goes along on its
// drawings and sources light up on the map. Without this script all clips stand below each other.
"use strict";

(() => {
  const FRAME = 0.1; // seconds of a place on the map
  const SVG = "http://www.w3.org/2000/svg";

  function made(kind, attributes) {
    const element = document.createElementNS(SVG, kind);
    Object.entries(attributes).forEach(([name, value]) => element.setAttribute(name, value));
    return element;
  }

  // A drawing over time: "x y width height" of each of its plots, and how many seconds they are.
  function timed(drawing) {
    const seconds = Number(drawing.dataset.seconds);
    const boxes = drawing.dataset.box.split(";").map((box) => box.split(" ").map(Number));
    const cursors = boxes.map(([x, y, , height]) =>
      drawing.appendChild(
        made("line", { class: "cursor", x1: x, x2: x, y1: y, y2: y + height, visibility: "hidden" })
      )
    );
    return {
      show(time) {
        boxes.forEach(([x, , width], i) => {
          const at = x + (width * Math.min(time, seconds)) / seconds;
          cursors[i].setAttribute("x1", at);
          cursors[i].setAttribute("x2", at);
          cursors[i].setAttribute("visibility", "visible");
        });
      },
      // The time at a place of the screen; null beside the plots.
      at(event) {
        const place = new DOMPoint(event.clientX, event.clientY).matrixTransform(
          drawing.getScreenCTM().inverse()
        );
        const box = boxes.find(
          ([x, y, width, height]) =>
            place.x >= x && place.x <= x + width && place.y >= y && place.y <= y + height
        );
        return box ? ((place.x - box[0]) / box[2]) * seconds : null;
      },
    };
  }

  // A map: a ring where each true source is, a dot where each predicted one is.
  function moving(map) {
    const tracks = [...map.querySelectorAll("[data-places]")].map((path) => {
      const truth = path.closest("g").hasAttribute("stroke-opacity");
      const look = truth
        ? { r: 11, fill: "none", "stroke-width": 3, stroke: path.getAttribute("stroke") }
        : { r: 6, fill: path.getAttribute("stroke"), stroke: "var(--ink)", "stroke-width": 1.5 };
      const mark = map.appendChild(made("circle", { ...look, visibility: "hidden" }));
      const places = path.dataset.places.split(" ").map((place) => place.split(","));
      return { mark, places, first: Number(path.dataset.first) };
    });
    return {
      show(time) {
        tracks.forEach(({ mark, places, first }) => {
          const place = places[Math.floor(time / FRAME + 1e-6) - first];
          mark.setAttribute("visibility", place ? "visible" : "hidden");
          if (place) {
            mark.setAttribute("cx", place[0]);
            mark.setAttribute("cy", place[1]);
          }
        });
      },
    };
  }

  function follow(clip) {
    const sounds = [...clip.querySelectorAll("audio")];
    if (!sounds.length) return;
    const drawings = [...clip.querySelectorAll("svg.timed")].map((drawing) => [drawing, timed(drawing)]);
    const maps = [...clip.querySelectorAll("svg.sky")].map(moving);
    const show = (time) => [...drawings.map(([, of]) => of), ...maps].forEach((of) => of.show(time));
    let current = sounds[0];
    const step = () => {
      show(current.currentTime);
      if (!current.paused && !current.ended) requestAnimationFrame(step);
    };
    sounds.forEach((sound) => {
      sound.addEventListener("play", () => {
        // Of several sounds of a clip one plays, from where the one before it was.
        if (sound !== current && sound.currentTime === 0) sound.currentTime = current.currentTime;
        document.querySelectorAll("audio").forEach((other) => other !== sound && other.pause());
        current = sound;
        requestAnimationFrame(step);
      });
      sound.addEventListener("seeked", () => sound === current && step());
    });
    drawings.forEach(([drawing, of]) => {
      drawing.classList.add("listening");
      drawing.addEventListener("click", (event) => {
        const time = of.at(event);
        if (time === null) return;
        current.currentTime = time;
        show(time);
        if (current.paused) current.play().catch(() => {});
      });
    });
  }

  // One clip at a time: a tab each, as the ARIA Authoring Practices describe tabs.
  function switched(clips) {
    const sections = [...clips.querySelectorAll(":scope > .clip")];
    if (sections.length < 2) return;
    const bar = document.createElement("div");
    bar.className = "tabs";
    bar.setAttribute("role", "tablist");
    bar.setAttribute("aria-label", "Clips");
    const tabs = sections.map((section) => {
      const tab = document.createElement("button");
      tab.type = "button";
      tab.id = `${section.id}-tab`;
      tab.textContent = section.dataset.name;
      tab.setAttribute("role", "tab");
      tab.setAttribute("aria-controls", section.id);
      section.setAttribute("role", "tabpanel");
      section.setAttribute("aria-labelledby", tab.id);
      return bar.appendChild(tab);
    });
    const open = (chosen) => {
      sections.forEach((section, i) => {
        section.classList.toggle("aside", i !== chosen);
        tabs[i].setAttribute("aria-selected", String(i === chosen));
        tabs[i].tabIndex = i === chosen ? 0 : -1;
        if (i !== chosen) section.querySelectorAll("audio").forEach((sound) => sound.pause());
      });
    };
    tabs.forEach((tab, i) => tab.addEventListener("click", () => open(i)));
    bar.addEventListener("keydown", (event) => {
      const here = tabs.indexOf(document.activeElement);
      const last = tabs.length - 1;
      const to = {
        ArrowRight: here === last ? 0 : here + 1,
        ArrowLeft: here === 0 ? last : here - 1,
        Home: 0,
        End: last,
      }[event.key];
      if (here < 0 || to === undefined) return;
      event.preventDefault();
      tabs[to].focus();
      open(to);
    });
    clips.prepend(bar);
    clips.classList.add("tabbed");
    const named = sections.findIndex((section) => `#${section.id}` === location.hash);
    open(Math.max(named, 0));
  }

  document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll(".clips").forEach(switched);
    document.querySelectorAll(".clip").forEach(follow);
  });
})();
