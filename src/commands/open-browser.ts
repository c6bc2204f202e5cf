import { spawn } from "node:child_process";

const openers: Readonly<Record<string, readonly [string, ...string[]]>> = {
  darwin: ["open"],
  win32: ["explorer.exe"],
};

/** Asks the desktop to show a file or an address. Says nothing where there is no desktop: the path was printed. */
export function openInBrowser(platform: string, target: string): void {
  const [program, ...words] = openers[platform] ?? ["xdg-open"];
  spawn(program, [...words, target], { detached: true, stdio: "ignore" })
    .on("error", () => undefined)
    .unref();
}
