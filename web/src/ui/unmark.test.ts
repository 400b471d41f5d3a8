import { expect, test } from "vitest";
import { unmark } from "./unmark";

test.each([
  ["Your order **TD-242** to `Oslo`", "Your order TD-242 to Oslo"],
  ["## The grand tour | | city | hotel | |---|---:|---| | 1 | Oslo", "The grand tour · city · hotel · 1 · Oslo"],
  ["cat a.log | grep error | wc -l", "cat a.log | grep error | wc -l"],
  ["2 ** 3 and __init__.py, issue #5", "2 ** 3 and __init__.py, issue #5"],
  ["is *confirmed*: 3 * 4 * 5", "is confirmed: 3 * 4 * 5"],
  ["", ""],
])("%j reads %j", (line, plain) => expect(unmark(line)).toBe(plain));
