import { pi } from "../src/harness/pi.ts";
import { harnessContract } from "./harness-contract.ts";

harnessContract(pi);
