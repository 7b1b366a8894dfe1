// The living map: pan, zoom, point and click over the drawing that the server made.
// All geometry comes projected, in metres of the view; the drawing stays until this one is ready.
import Feature from "ol/Feature.js";
import GeoJSON from "ol/format/GeoJSON.js";
import MultiLineString from "ol/geom/MultiLineString.js";
import Point from "ol/geom/Point.js";
import { defaults as usual } from "ol/interaction/defaults.js";
import DragPan from "ol/interaction/DragPan.js";
import MouseWheelZoom from "ol/interaction/MouseWheelZoom.js";
import ImageLayer from "ol/layer/Image.js";
import VectorLayer from "ol/layer/Vector.js";
import OlMap from "ol/Map.js";
import { get as projectionOf } from "ol/proj.js";
import { register } from "ol/proj/proj4.js";
import Static from "ol/source/ImageStatic.js";
import VectorSource from "ol/source/Vector.js";
import { Circle, Fill, Stroke, Style, Text } from "ol/style.js";
import View from "ol/View.js";
import proj4 from "proj4";

const HALO = new Stroke({ color: "#000c", width: 3 });
const FONT = getComputedStyle(document.body).fontFamily;
const EM = parseFloat(getComputedStyle(document.documentElement).fontSize);

for (const box of document.querySelectorAll(".map[data-sheet]")) {
  enliven(box).catch((error) => console.error(error)); // the drawing stays
}

async function enliven(box) {
  const [sheet, found] = await Promise.all([fetched(box.dataset.sheet), fetched(box.dataset.prints)]);
  proj4.defs(sheet.code, sheet.definition);
  register(proj4);
  const projection = projectionOf(sheet.code);
  projection.setExtent(sheet.extent);

  const prints = new VectorSource({ features: new GeoJSON().readFeatures(found) });
  const marks = printLayer(prints);
  const grid = gridLayer();
  const target = document.createElement("div");
  target.className = "live";
  target.tabIndex = 0;
  target.setAttribute("role", "application");
  target.setAttribute("aria-label", box.dataset.label);
  box.append(target);

  const map = new OlMap({
    target,
    controls: [],
    interactions: usual({ dragPan: false, mouseWheelZoom: false, altShiftDragRotate: false, pinchRotate: false }).extend([
      new DragPan({
        condition(event) {
          return event.originalEvent.pointerType === "mouse" || this.getPointerCount() === 2;
        },
      }),
      new MouseWheelZoom({
        condition: ({ originalEvent }) =>
          originalEvent.ctrlKey || originalEvent.metaKey || document.activeElement === target,
      }),
    ]),
    layers: [baseLayer(sheet, projection), grid, siteLayer(found.site), marks, nameLayer(sheet)].filter(Boolean),
    view: new View({
      projection,
      extent: sheet.extent,
      constrainOnlyCenter: true,
      showFullExtent: true,
      enableRotation: false,
      center: [0, 0],
      resolution: (sheet.extent[2] - sheet.extent[0]) / 600,
      minResolution: 5,
      maxResolution: (sheet.extent[2] - sheet.extent[0]) / 250,
    }),
  });
  target.querySelector(".ol-viewport").style.touchAction = "pan-x pan-y";
  map.getView().fit(box.dataset.box.split(" ").map(Number), { size: map.getSize() });

  const inverse = ([x, y]) => proj4(sheet.definition).inverse([x, y]);
  follow(map, box, target, marks, inverse);
  answerClicks(map, box, marks, inverse);
  addKnobs(map, box);
  addBar(map, box, inverse, sheet.radius);
  await keepGrid(map, grid, sheet);
  map.once("rendercomplete", () => box.classList.add("enlivened"));
  map.render();
  box.map = map;
}

async function fetched(address) {
  const reply = await fetch(address, { headers: { Accept: "application/json" } });
  if (!reply.ok) throw new Error(`${address}: ${reply.status}`);
  return reply.json();
}

function baseLayer(sheet, projection) {
  if (!sheet.base) return null;
  const source = new Static({ url: sheet.base.href, imageExtent: sheet.base.extent, projection });
  return new ImageLayer({ source });
}

// The server draws the graticule anew for whatever part of the view is shown.
function gridLayer() {
  const line = new Style({ stroke: new Stroke({ color: "#9fd6e666", width: 1 }) });
  return new VectorLayer({
    source: new VectorSource(),
    declutter: "texts",
    style: (feature) => (feature.get("text") ? words(feature.get("text"), 500, 0.7, "#c9eef7", feature.get("align")) : line),
  });
}

function keepGrid(map, layer, sheet) {
  let shown = "";
  const update = async () => {
    const [x0, y0, x1, y1] = map.getView().calculateExtent(map.getSize()).map(Math.round);
    const box = [x0, y0, x1, y1].join(",");
    if (box === shown) return;
    shown = box;
    const lines = await fetched(`/map/grid/${sheet.view}.json?box=${box}`).catch(() => null);
    if (!lines || box !== shown) return;
    layer.getSource().clear();
    layer.getSource().addFeatures(lines.flatMap(({ runs, anchor, text }) => [
      new Feature(new MultiLineString(runs)),
      new Feature({ geometry: new Point(anchor), text, align: align((anchor[0] - x0) / (x1 - x0)) }),
    ]));
  };
  map.on("moveend", update);
  return update();
}

// Texts near an edge grow inwards.
function align(share) {
  return share < 0.12 ? "left" : share > 0.88 ? "right" : "center";
}

function nameLayer(sheet) {
  const source = new VectorSource({
    features: sheet.places.map(({ x, y, name, size }) =>
      new Feature({ geometry: new Point([x, y]), text: name, size, align: align((x - sheet.extent[0]) / (sheet.extent[2] - sheet.extent[0])) })),
  });
  return new VectorLayer({
    source,
    declutter: "texts",
    renderOrder: (a, b) => b.get("size") - a.get("size"), // who is drawn first keeps its place
    style: (feature, resolution) =>
      feature.get("size") / resolution > 18 ? words(feature.get("text"), 600, 0.8, "#fff", feature.get("align")) : undefined,
  });
}

function words(text, weight, size, color, textAlign = "center") {
  const font = `${weight} ${size * EM}px ${FONT}`;
  return new Style({ text: new Text({ text, font, textAlign, fill: new Fill({ color }), stroke: HALO }) });
}

function siteLayer(site) {
  if (!site) return null;
  return new VectorLayer({
    source: new VectorSource({ features: new GeoJSON().readFeatures(site) }),
    style: new Style({ stroke: new Stroke({ color: "#fff", width: 2, lineDash: [6, 4] }) }),
  });
}

function printLayer(source) {
  const plain = look("#f3b05a22", 1.5, 4);
  const bright = look("#f3b05a66", 3.5, 6);
  return new VectorLayer({ source, style: (feature) => (feature.get("lit") ? bright : plain) });
}

function look(color, width, radius) {
  const stroke = new Stroke({ color: "#f3b05a", width });
  const fill = new Fill({ color });
  return new Style({ stroke, fill, image: new Circle({ radius, stroke, fill }) });
}

// Pointing at a footprint lights its result and back; the readout says where the pointer is.
function follow(map, box, target, marks, inverse) {
  const readout = document.createElement("div");
  readout.className = "readout";
  readout.hidden = true;
  box.append(readout);
  let lit = null;
  const shine = (id, on) => {
    for (const feature of marks.getSource().getFeatures()) {
      if (feature.get("lidvid") === id) feature.set("lit", on);
    }
  };
  document.addEventListener("light", ({ detail }) => shine(detail.lidvid, detail.on));
  const choose = (id) => {
    if (id === lit) return;
    for (const [each, on] of [[lit, false], [id, true]]) {
      if (!each) continue;
      shine(each, on);
      for (const hit of document.querySelectorAll(`.hit[data-product="${CSS.escape(each)}"]`)) hit.classList.toggle("lit", on);
    }
    lit = id;
  };
  map.on("pointermove", (event) => {
    if (event.dragging) return;
    const feature = smallestAt(map, marks, event.pixel);
    choose(feature?.get("lidvid") ?? null);
    target.style.cursor = "pointer";
    readout.hidden = false;
    readout.textContent = [placeText(box, inverse(event.coordinate)), feature?.get("title")].filter(Boolean).join(" · ");
  });
  target.addEventListener("pointerleave", () => {
    choose(null);
    readout.hidden = true;
  });
}

function smallestAt(map, marks, pixel) {
  const options = { layerFilter: (layer) => layer === marks, hitTolerance: 3 };
  const extent = (feature) => {
    const [x0, y0, x1, y1] = feature.getGeometry().getExtent();
    return (x1 - x0) * (y1 - y0);
  };
  return map.getFeaturesAtPixel(pixel, options).sort((a, b) => extent(a) - extent(b))[0];
}

// A click on a footprint opens its product; a click beside them searches there.
function answerClicks(map, box, marks, inverse) {
  map.on("singleclick", (event) => {
    const feature = smallestAt(map, marks, event.pixel);
    if (feature) {
      location.assign(feature.get("href"));
      return;
    }
    const [lon, lat] = inverse(event.coordinate);
    if (!Number.isFinite(lat) || !box.dataset.search) return;
    const address = new URL(box.dataset.search, location.href);
    address.searchParams.set("site", `${lat.toFixed(3)},${((lon + 360) % 360).toFixed(3)}`);
    location.assign(address);
  });
}

function addKnobs(map, box) {
  const knobs = document.createElement("div");
  knobs.className = "knobs";
  for (const [text, label, step] of [["+", box.dataset.closer, 1], ["−", box.dataset.farther, -1]]) {
    const knob = document.createElement("button");
    knob.type = "button";
    knob.textContent = text;
    knob.setAttribute("aria-label", label);
    knob.addEventListener("click", () => map.getView().animate({ zoom: map.getView().getZoom() + step, duration: calm() ? 0 : 150 }));
    knobs.append(knob);
  }
  box.append(knobs);
}

function calm() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

// The bar is a length along the surface at the middle of the map.
function addBar(map, box, inverse, radius) {
  const bar = document.createElement("div");
  bar.className = "bar";
  box.append(bar);
  const language = document.documentElement.lang;
  const update = () => {
    const view = map.getView();
    const resolution = view.getResolution();
    const [x, y] = view.getCenter();
    const reach = 40 * resolution;
    const metres = along(inverse([x - reach, y]), inverse([x + reach, y]), radius) / 80;
    if (!(metres > 0)) return;
    const km = [1, 2, 5].flatMap((first) => [-2, -1, 0, 1, 2, 3].map((power) => first * 10 ** power))
      .filter((length) => (length * 1000) / metres <= 130).sort((a, b) => b - a)[0];
    if (!km) return;
    bar.style.width = `${(km * 1000) / metres}px`;
    bar.textContent = `${new Intl.NumberFormat(language).format(km)} ${box.dataset.km}`;
  };
  map.on("moveend", update);
  update();
}

function along([lonA, latA], [lonB, latB], radius) {
  const rad = Math.PI / 180;
  const rise = Math.sin(((latB - latA) * rad) / 2) ** 2;
  const turn = Math.sin(((lonB - lonA) * rad) / 2) ** 2;
  return 2 * radius * Math.asin(Math.min(1, Math.sqrt(rise + Math.cos(latA * rad) * Math.cos(latB * rad) * turn)));
}

function placeText(box, [lon, lat]) {
  if (!Number.isFinite(lat)) return "";
  const write = (value) => new Intl.NumberFormat(document.documentElement.lang, { minimumFractionDigits: 2, maximumFractionDigits: 2 }).format(value);
  const fill = (form, value) => form.replace("%(degrees)s", write(value));
  return `${fill(lat < 0 ? box.dataset.south : box.dataset.north, Math.abs(lat))} ${fill(box.dataset.east, (lon + 360) % 360)}`;
}
