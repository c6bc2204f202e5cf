import { h } from "preact";

/** The merged list of events. */
export const List = () => h("section", { class: "pane events", "aria-label": "Events" });
/** The transcript of the focused lane. */
export const Transcript = () => h("section", { class: "pane script", "aria-label": "Transcript" });
/** The field that searches all text. */
export const Search = () => h("label", { class: "find" });
/** Quick views and filters. */
export const Filters = () => h("div", { class: "filters" });
