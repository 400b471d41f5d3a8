import { CopyButton } from "../../ui/Copy";
import { recipesFor } from "./recipes";

/** How a program gets what is on the page. */
export function Recipes({ address, python }: { address: string; python: string }) {
  return (
    <dl className="mb-4 grid max-w-4xl grid-cols-[auto_minmax(0,1fr)_auto] items-start gap-x-3 gap-y-1" data-testid="recipes">
      {recipesFor({ origin: location.origin, address, python }).map(({ name, text }) => (
        <div key={name} className="col-span-3 grid grid-cols-subgrid items-start">
          <dt className="pt-1 text-muted">{name}</dt>
          <dd className="overflow-x-auto rounded-md border border-line bg-sunken px-2 py-1 font-mono text-sm whitespace-pre">{text}</dd>
          <CopyButton text={text} label={`Copy for ${name}`} />
        </div>
      ))}
    </dl>
  );
}
