import { state as sdk } from "@aws-sdk/core/client";
import { fromIni, fromNodeProviderChain } from "@aws-sdk/credential-providers";
import { TracecraftError } from "../errors.ts";
import type { Credentials, CredentialWorld } from "./credentials.ts";

const maxWords = 200;

/**
 * What the AWS providers find: profiles with SSO, `credential_process` or a role, web identity, container and instance
 * metadata. They read the environment and ~/.aws themselves. Undefined when there is nothing; a profile that is set
 * up but does not work (an SSO session that expired) is the error `config`, with the provider's words.
 */
export async function fromProviders(env: CredentialWorld["env"]): Promise<Credentials | undefined> {
  const profile = env["AWS_PROFILE"] || undefined;
  sdk.warningEmitted = true; // That Node 20 is old, in ten lines on stderr: not what was asked.
  const options = { ...(profile ? { profile } : {}), logger: silent };
  try {
    const found = await fromNodeProviderChain(options)();
    return {
      accessKeyId: found.accessKeyId,
      secretAccessKey: found.secretAccessKey,
      sessionToken: found.sessionToken,
      expiresAt: found.expiration?.getTime(),
      source: profile ? `AWS profile ${profile}` : "the AWS credential providers",
    };
  } catch (error) {
    const words = wordsOf(error);
    // The chain goes on after a profile that does not work, and then says nothing of it.
    const why = words === nothingFound ? await fromIni(options)().then(() => "", wordsOf) : words;
    if (why === "" || why.startsWith(noProfile)) return undefined;
    throw new TracecraftError("config", "Cannot get S3 credentials: an AWS provider refuses", {
      cause: withoutCommand(why).slice(0, maxWords),
    });
  }
}

const nothingFound = "Could not load credentials from any providers";
const noProfile = "Could not resolve credentials using profile";

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

const nothing = () => {};
const silent = { trace: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing };

/** A failed credential_process is quoted with its arguments, which may hold a secret. */
function withoutCommand(words: string): string {
  return words.replace(/Command failed:.*/s, "credential_process ended with an error");
}
