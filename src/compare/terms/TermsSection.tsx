export default function TermsSection() {
  return null;
}
