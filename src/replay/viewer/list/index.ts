import { bindListKeys } from "./list-keys.ts";

bindListKeys();

export { Filters, isFiltered, resetFilters } from "./filters.tsx";
export { List } from "./list.tsx";
export { clearSearch } from "./list-keys.ts";
export { Search } from "./search.tsx";
export { Transcript } from "./transcript.tsx";
