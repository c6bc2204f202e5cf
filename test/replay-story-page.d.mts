export function bundleViewer(entry: string): Promise<string>;
export function viewerStyles(): string;
export function wrapPage(script: string, styles: string): string;
export function storyPage(variant?: "team" | "solo" | "empty"): Promise<string>;
