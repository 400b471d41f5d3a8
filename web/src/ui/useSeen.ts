import { type RefObject, useEffect, useState } from "react";

/** Pixels below the sight in which a part counts as seen: it is there when one scrolls to it. */
const AHEAD_PX = 600;

/** Whether the part was in sight, or near it, at some time. */
export function useSeen(part: RefObject<HTMLElement | null>): boolean {
  const [seen, setSeen] = useState(false);
  useEffect(() => {
    if (seen || !part.current) return undefined;
    const observer = new IntersectionObserver((entries) => entries.some(({ isIntersecting }) => isIntersecting) && setSeen(true), { rootMargin: `${AHEAD_PX}px` });
    observer.observe(part.current);
    return () => observer.disconnect();
  }, [part, seen]);
  return seen;
}
