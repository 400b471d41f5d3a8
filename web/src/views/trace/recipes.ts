/** How a program asks the API for what is on the page. */
interface Asked {
  origin: string;
  /** The path below the origin. */
  address: string;
  /** The call of `clew.client.Client` that gives the same. */
  python: string;
}

export interface Recipe {
  name: string;
  text: string;
}

/** As a command of curl and in Python; with the key of the environment, which a server on loopback ignores. */
export function recipesFor({ origin, address, python }: Asked): Recipe[] {
  return [
    { name: "curl", text: `curl -H "Authorization: Bearer $CLEW_API_KEY" ${quote(origin + address)}` },
    { name: "Python", text: [`import os`, `from clew.client import Client`, ``, `client = Client(${JSON.stringify(origin)}, os.environ.get("CLEW_API_KEY"))`, python].join("\n") },
  ];
}

/** For a shell: what stands between single quotes is taken as it is. */
function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
