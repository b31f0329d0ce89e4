import { describe, it } from "vitest";
import { suricata } from "../../../plugins/suricata/index.ts";
import { describeExporter } from "../../../src/testing.ts";
import { check } from "./support.ts";

describeExporter(suricata, { runner: { describe, it }, check, memoryCount: 100_000 });
