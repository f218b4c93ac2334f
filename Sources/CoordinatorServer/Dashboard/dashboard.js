"use strict";

const byId = (id) => document.getElementById(id);
const whole = new Intl.NumberFormat("en");

function duration(seconds) {
  if (seconds < 60) return `${Math.round(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.round((seconds % 3600) / 60)} min`;
}

function rate(value) {
  return value == null ? "–" : value >= 100 ? whole.format(Math.round(value)) : value.toFixed(1);
}

function shape(name, attributes, text) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const key in attributes) element.setAttribute(key, attributes[key]);
  if (text !== undefined) element.textContent = text;
  return element;
}

// Logarithmic loss over samples, with a running mean over the raw points.
function drawCurve(history) {
  const svg = byId("curve");
  const points = history.filter((point) => point.loss > 0);
  if (points.length < 2) {
    svg.replaceChildren(shape("text", { x: 20, y: 130 }, "The curve begins with the second round."));
    return;
  }
  const [left, right, top, bottom] = [56, 628, 12, 226];
  const logs = points.map((point) => Math.log(point.loss));
  let [low, high] = [Math.min(...logs), Math.max(...logs)];
  if (high - low < 0.1) { low -= 0.05; high += 0.05; }
  const first = points[0].samples;
  const last = points[points.length - 1].samples;
  const x = (samples) => left + (right - left) * (samples - first) / Math.max(1, last - first);
  const y = (log) => bottom - (bottom - top) * (log - low) / (high - low);
  const path = (values) =>
    values.map((value, i) => `${i ? "L" : "M"}${x(points[i].samples).toFixed(1)} ${y(value).toFixed(1)}`).join("");
  let mean = logs[0];
  const smooth = logs.map((log) => (mean = 0.9 * mean + 0.1 * log));
  const parts = [];
  for (let i = 0; i <= 4; i++) {
    const log = low + (high - low) * i / 4;
    parts.push(shape("line", { x1: left, x2: right, y1: y(log), y2: y(log), class: "grid" }));
    parts.push(shape("text", { x: left - 6, y: y(log) + 4, "text-anchor": "end" }, Math.exp(log).toPrecision(3)));
  }
  parts.push(shape("text", { x: left, y: bottom + 22 }, whole.format(first)));
  parts.push(shape("text", { x: right, y: bottom + 22, "text-anchor": "end" }, `${whole.format(last)} samples`));
  parts.push(shape("path", { d: path(logs), class: "raw" }), shape("path", { d: path(smooth), class: "curve" }));
  svg.replaceChildren(...parts);
}

function drawWorkers(status) {
  byId("worker-count").textContent = status.workers.length || "";
  byId("no-workers").hidden = status.workers.length > 0;
  const total = status.workers.reduce((sum, worker) => sum + worker.contributed, 0);
  byId("workers").replaceChildren(...status.workers.map((worker) => {
    const row = document.createElement("tr");
    const share = total ? `${Math.round(100 * worker.contributed / total)} %` : "–";
    const name = worker.ranks > 1 ? `${worker.name} (${worker.ranks} ranks)` : worker.name;
    const cells = [name, worker.state, rate(worker.speed), whole.format(worker.contributed), share,
      worker.heard < 2 ? "now" : `${Math.round(worker.heard)} s ago`];
    for (const text of cells) {
      const cell = document.createElement("td");
      cell.textContent = text;
      row.append(cell);
    }
    return row;
  }));
}

function drawSheet(samples) {
  if (samples == null) return;
  byId("sheet-at").textContent = `after ${whole.format(samples)}`;
  const source = `samples/${samples}.png`;
  const image = byId("sheet");
  if (image.getAttribute("src") !== source) image.setAttribute("src", source);
  image.hidden = false;
  byId("no-sheet").hidden = true;
}

function draw(status) {
  const fraction = status.samples / status.length;
  document.title = `${status.name} ${Math.floor(100 * fraction)} %`;
  byId("name").textContent = status.name;
  byId("state").textContent = status.state;
  byId("state").className = `state ${status.state}`;
  byId("line").textContent = status.generation ? `rolled back ${status.generation} times` : "";
  byId("progress").value = fraction;
  const parts = [`${whole.format(status.samples)} of ${whole.format(status.length)} samples`,
    `${(100 * fraction).toFixed(1)} %`];
  if (status.images_per_second != null) parts.push(`${rate(status.images_per_second)} samples/s`);
  if (status.seconds_left != null) parts.push(`${duration(status.seconds_left)} left`);
  byId("progress-text").textContent = parts.join(" · ");
  byId("loss").textContent = status.loss == null ? "" : status.loss.toPrecision(4);
  drawCurve(status.history);
  drawWorkers(status);
  drawSheet(status.newest_sheet);
}

async function refresh() {
  let pause = 1000;
  try {
    const answer = await fetch("v1/status", { cache: "no-store" });
    const status = await answer.json();
    draw(status);
    if (status.state === "finished") pause = 10000;
  } catch {
    byId("state").textContent = "not reachable";
    byId("state").className = "state";
    pause = 3000;
  }
  setTimeout(refresh, document.hidden ? 10000 : pause);
}

function listen() {
  const list = byId("events");
  new EventSource("v1/events").addEventListener("run", (message) => {
    const event = JSON.parse(message.data);
    if (event.samples != null || event.text.startsWith("lease") || event.text.startsWith("round")) return;
    const item = document.createElement("li");
    item.textContent = `${new Date().toLocaleTimeString()} ${event.text}`;
    list.prepend(item);
    while (list.children.length > 100) list.lastChild.remove();
  });
}

refresh();
listen();
