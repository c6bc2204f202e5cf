// A reporter of vitest's: names each test that passed only at its second try, in the file of TRACECRAFT_RETRIED.
import { appendFileSync } from "node:fs";

export default function CiRetried() {
  return {
    onTestCaseResult(test) {
      if (!test.diagnostic()?.flaky) return;
      const line = `needed a second try: ${test.module.relativeModuleId} > ${test.fullName}\n`;
      process.stdout.write(line);
      if (process.env.TRACECRAFT_RETRIED) appendFileSync(process.env.TRACECRAFT_RETRIED, line);
    },
  };
}
