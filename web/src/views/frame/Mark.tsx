/** The ball of thread. */
export function Mark({ size = 20 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" fill="none" aria-hidden className="text-accent" stroke="currentColor" strokeWidth="2.6" strokeLinecap="round">
      <circle cx="15" cy="15" r="10.7" />
      <path d="M6.5 10.5c5 .2 11.5 3.8 14.3 13M5 16.5c4.2.6 8 3.4 9.6 8M11.5 5.2c6.3 1.6 11 6.4 13.4 13.8M23.5 22.5c1.3 2.6 3.2 4.3 6.2 5" />
    </svg>
  );
}
