export default function StabilitySection() {
  return null;
}
