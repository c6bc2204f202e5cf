import { Component, options, type VNode } from "preact";

// Preact 11 leaves `ref` among the props of every component, classes too (its jsx-runtime): a pane that is a class and is
// scrolled from outside is reached by its instance, so a class gets its `ref` as an element does.
const before = options.vnode;
options.vnode = (vnode: VNode): void => {
  const { type, props } = vnode;
  const ref = (props as { ref?: VNode["ref"] } | null)?.ref;
  if (ref && typeof type === "function" && type.prototype instanceof Component) vnode.ref = ref;
  before?.(vnode);
};
