export default function ProbesSection() {
  return null;
}
