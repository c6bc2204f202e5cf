import { storeContract } from "../../test/store-contract.ts";
import { memoryStore } from "./memory.ts";

storeContract("memoryStore()", async () => memoryStore());
