import Datasets

/// Small image files that this room cannot write itself.
enum Fixtures {
    /// 8x4 pixels of one colour, quality 90, 4:2:0.
    static let jpeg = bytes(
        """
        ffd8ffe000104a46494600010100000100010000ffdb0043000302020302020303030304030304050805050404050a070706080c
        0a0c0c0b0a0b0b0d0e12100d0e110e0b0b1016101113141515150c0f171816141812141514ffdb00430103040405040509050509
        140d0b0d141414141414141414141414141414141414141414141414141414141414141414141414141414141414141414141414
        1414ffc00011080004000803012200021101031101ffc4001500010100000000000000000000000000000006ffc4001410010000
        0000000000000000000000000000ffc40014010100000000000000000000000000000008ffc40014110100000000000000000000
        000000000000ffda000c03010002110311003f009f007c281fffd9
        """
    )

    /// 6x5 pixels with alpha, lossless.
    static let webp = bytes(
        """
        524946466c000000574542505650384c5f0000002f05000110993244f43f365188e87f4041db468ef9c32c8d1b3f50880553bc33
        9c144592d45cfc655cf1471ef2ce060541b6cdc7347f833b4d61da364c767bca0154cfeabfc2554ca5660b1b062616b67cc0c4fa
        23dffe9f89b53cfca0610b00
        """
    )

    /// The colour of every pixel of ``jpeg``.
    static let jpegColour = [200, 90, 30]

    /// The pixels of ``webp`` on white: pixel `i` has colour (8i, 255 - 5i, i^2 mod 256), and alpha 0, 51, 255, 255 in
    /// turn.
    static let webpPixels: Pixels = {
        var bytes: [UInt8] = []
        for i in 0..<30 {
            let alpha = [0, 51, 255, 255][i % 4]
            for level in [8 * i, 255 - 5 * i, i * i % 256] {
                bytes.append(UInt8((level * alpha + 255 * (255 - alpha) + 127) / 255))
            }
        }
        return Pixels(bytes: bytes, width: 6, height: 5, channels: 3)
    }()

    private static func bytes(_ hexadecimal: String) -> [UInt8] {
        let digits = hexadecimal.compactMap(\.hexDigitValue)
        return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] * 16 + digits[$0 + 1]) }
    }
}
