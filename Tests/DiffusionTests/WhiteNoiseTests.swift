import Buffers
import Diffusion
import Testing

@Suite("White noise")
struct WhiteNoiseTests {
    @Test("is the default, the stream's normal numbers")
    func stream() {
        #expect(Denoising().noise is WhiteNoise && Denoising().process.noise is WhiteNoise)
        var (random, same) = (
            RandomStream(seed: 1, purpose: .noise, index: 2), RandomStream(seed: 1, purpose: .noise, index: 2)
        )
        #expect(WhiteNoise().draw([3, 3, 1], using: &random).floats == same.normal([3, 3, 1]).floats)
        #expect(random.nextWord() == same.nextWord())
    }
}
