/* Behaviour that pages can do without: keys, small menus, charts, plain words when a request fails. No inline code, no eval. */
(function () {
  "use strict";

  var composing = false;
  document.addEventListener("compositionstart", function () { composing = true; });
  document.addEventListener("compositionend", function () { setTimeout(function () { composing = false; }, 0); });

  function isTyping(event) {
    var at = event.target;
    return composing || event.isComposing || event.keyCode === 229 || (at.closest && at.closest("input, textarea, select, [contenteditable]") !== null);
  }

  /* Keys. Ctrl K: search. j, k: rows; Enter opens. Any control with data-key is pressed by that key. */
  document.addEventListener("keydown", function (event) {
    if (composing || event.isComposing || event.keyCode === 229) { return; }
    var key = event.key.toLowerCase();
    if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && key === "k") {
      var box = document.getElementById("search");
      if (box) { event.preventDefault(); box.focus(); box.select(); }
      return;
    }
    if (key === "escape") { closePopups(null); if (location.hash === "#rail") { location.hash = ""; } return; }
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) { return; }
    if (key === "j" || key === "k") { if (step(key === "j" ? 1 : -1)) { event.preventDefault(); } return; }
    if (key === "enter" && event.target.closest("tr[data-row]") && !event.target.closest("a, button")) {
      var open = event.target.querySelector("[data-open]");
      if (open) { event.preventDefault(); open.click(); }
      return;
    }
    var marked = document.querySelector('[data-key="' + CSS.escape(key) + '"]:not(:disabled)');
    if (marked && !event.shiftKey) { event.preventDefault(); marked.click(); }
  });

  function step(by) {
    var rows = Array.prototype.slice.call(document.querySelectorAll("table[data-rows] > tbody > tr[data-row]"));
    if (!rows.length) { return false; }
    var current = rows.findIndex(function (row) { return row.getAttribute("aria-selected") === "true"; });
    var next = Math.min(Math.max(current + by, 0), rows.length - 1);
    rows.forEach(function (row) { row.removeAttribute("aria-selected"); });
    rows[next].setAttribute("aria-selected", "true");
    rows[next].setAttribute("tabindex", "-1");
    rows[next].focus({ preventScroll: true });
    rows[next].scrollIntoView({ block: "nearest" });
    return true;
  }

  /* Small menus close when the eye moves on. */
  function closePopups(except) {
    document.querySelectorAll("details[data-popup][open]").forEach(function (menu) {
      if (menu !== except && !(except && menu.contains(except))) {
        var inside = menu.contains(document.activeElement);
        menu.removeAttribute("open");
        if (inside) { menu.querySelector("summary").focus(); }
      }
    });
  }
  document.addEventListener("click", function (event) {
    closePopups(event.target);
    var all = event.target.closest("[data-pick-all]");
    if (all) {
      document.querySelectorAll('input[name="' + all.dataset.pickAll + '"]').forEach(function (box) { box.checked = all.checked; });
    }
    if (event.target.closest("[data-print]")) { window.print(); }
    var toggle = event.target.closest("[data-toggle]");
    if (toggle) {
      var box = document.getElementById(toggle.dataset.toggle);
      event.preventDefault();
      if (box.toggleAttribute("data-open")) { var field = box.querySelector("input:not([type=hidden]), select"); if (field) { field.focus(); } }
    }
    var asked = event.target.closest("[data-confirm]");
    if (asked && !window.confirm(asked.dataset.confirm)) { event.preventDefault(); event.stopImmediatePropagation(); }
  }, true);
  document.addEventListener("change", function (event) {
    if (event.target.matches("[data-submit]")) { event.target.form.requestSubmit(); }
  });

  /* A second click must not send twice. The server refuses doubles anyway; this spares people the refusal. */
  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (form.method.toLowerCase() !== "post" || event.defaultPrevented || form.hasAttribute("data-again")) { return; }
    setTimeout(function () {
      form.querySelectorAll('button[type="submit"], button:not([type])').forEach(function (button) { button.disabled = true; });
    }, 0);
    setTimeout(function () { release(form); }, 8000);
  });
  function release(root) { root.querySelectorAll("button:disabled").forEach(function (button) { if (!button.hasAttribute("data-off")) { button.disabled = false; } }); }
  document.querySelectorAll("button:disabled").forEach(function (button) { button.setAttribute("data-off", ""); });
  window.addEventListener("pageshow", function (event) { if (event.persisted) { release(document); } });
  document.addEventListener("htmx:afterRequest", function (event) { var form = event.detail.elt; if (form && form.matches && form.matches("form")) { release(form); } });

  /* A request that failed says so in words, above the page. */
  function words(xhr) {
    if ((xhr.getResponseHeader("Content-Type") || "").indexOf("text/html") !== 0) { return ""; }
    var page = new DOMParser().parseFromString(xhr.responseText, "text/html");
    var reason = page.querySelector('main .banner[data-level="high"], main .pad p');
    return reason ? reason.textContent.trim() : "";
  }
  function say(text) {
    var place = document.getElementById("messages");
    if (!place || !text) { return; }
    var box = document.createElement("div");
    box.className = "banner"; box.dataset.level = "high"; box.setAttribute("role", "alert"); box.textContent = text;
    place.replaceChildren(box);
    place.scrollIntoView({ block: "nearest" });
  }
  document.addEventListener("htmx:responseError", function (event) {
    var xhr = event.detail.xhr, config = event.detail.requestConfig || {};
    if (!config.triggeringEvent) { return; }  // a question the page asked by itself: nobody waits for its answer
    if (config.boosted && config.verb === "get") { location.assign(event.detail.pathInfo.finalRequestPath); return; }
    say(words(xhr) || [document.body.dataset.failed, xhr.getResponseHeader("X-Request-ID")].filter(Boolean).join(" "));
  });
  document.addEventListener("htmx:sendError", function (event) { if ((event.detail.requestConfig || {}).triggeringEvent) { say(document.body.dataset.offline); } });

  /* Fields left empty do not clutter the address of a filtered list. */
  document.addEventListener("htmx:configRequest", function (event) {
    var sent = event.detail.formData || event.detail.parameters;
    if (event.detail.verb !== "get" || !sent.delete) { return; }
    Array.from(sent.keys()).forEach(function (name) { if (sent.getAll(name).every(function (value) { return value === ""; })) { sent.delete(name); } });
  });

  /* Charts: the server's drawing stays until ECharts is really there. */
  function colour(name) { return getComputedStyle(document.documentElement).getPropertyValue(name).trim(); }
  function options(data) {
    var palette = ["--s1", "--s2", "--s3", "--s4", "--s5", "--s6"].map(colour);
    var quiet = colour("--ink-3"), line = colour("--line-2");
    return {
      animation: !matchMedia("(prefers-reduced-motion: reduce)").matches, color: palette,
      textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, fontSize: 11 },
      grid: { left: 8, right: 8, top: 12, bottom: 4, containLabel: true },
      tooltip: { trigger: "axis", renderMode: "richText", confine: true, backgroundColor: colour("--paper"), borderColor: colour("--line"), textStyle: { color: colour("--ink"), fontSize: 12 } },
      xAxis: { type: "category", data: data.labels, axisLabel: { color: quiet }, axisLine: { lineStyle: { color: line } }, axisTick: { show: false } },
      yAxis: { type: "value", axisLabel: { color: quiet }, splitLine: { lineStyle: { color: line } } },
      series: data.series.map(function (row) {
        return { name: row.name, data: row.data, type: data.kind === "line" ? "line" : "bar", itemStyle: row.level ? { color: colour("--" + row.level) } : {}, stack: data.kind === "stack" ? "all" : undefined, barMaxWidth: 28, showSymbol: false, lineStyle: { width: 1.6 } };
      })
    };
  }
  function draw(figure) {
    var data = JSON.parse(document.getElementById(figure.dataset.chart).textContent);
    var place = figure.querySelector(".chart-canvas"), drawing = figure.querySelector(".plot");
    if (!place || place.dataset.drawn) { return; }
    place.hidden = false; place.dataset.drawn = "yes";
    var chart = window.echarts.init(place, null, { renderer: "canvas" });
    chart.setOption(options(data));
    chart.on("click", function (point) { if (data.urls[point.dataIndex]) { location.assign(data.urls[point.dataIndex]); } });
    drawing.hidden = true;
    new ResizeObserver(function () { chart.resize(); }).observe(place);
  }
  function drawAll() {
    var figures = document.querySelectorAll("figure[data-chart]"), source = document.querySelector('meta[name="echarts"]');
    if (!figures.length || !source || !source.content) { return; }
    if (window.echarts) { figures.forEach(draw); return; }
    if (document.querySelector("script[data-echarts]")) { return; }
    var script = document.createElement("script");
    script.src = source.content; script.dataset.echarts = ""; script.onload = drawAll;
    document.head.appendChild(script);
  }
  drawAll();
  document.addEventListener("htmx:afterSettle", drawAll);
})();
