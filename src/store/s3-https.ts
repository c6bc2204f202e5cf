// A module of its own, so that a store over plain http does not load TLS.
export { default as https } from "node:https";
