import Datasets

/// A colour of red, green and blue levels.
struct Color: Sendable {
    let red: UInt8
    let green: UInt8
    let blue: UInt8

    static let black = Color(red: 30, green: 34, blue: 42)
    static let grey = Color(red: 120, green: 126, blue: 138)
    static let pale = Color(red: 228, green: 231, blue: 236)
    static let blue = Color(red: 38, green: 104, blue: 196)
}

/// A picture that lines and words are drawn on; what lies outside is cut off.
struct Canvas {
    private(set) var pixels: Pixels

    init(width: Int, height: Int) {
        pixels = Pixels(
            bytes: [UInt8](repeating: 255, count: width * height * 3),
            width: width,
            height: height,
            channels: 3
        )
    }

    mutating func dot(_ x: Int, _ y: Int, _ color: Color) {
        guard (0..<pixels.width).contains(x), (0..<pixels.height).contains(y) else { return }
        let place = (y * pixels.width + x) * 3
        pixels.bytes[place] = color.red
        pixels.bytes[place + 1] = color.green
        pixels.bytes[place + 2] = color.blue
    }

    /// A line two dots thick.
    mutating func line(from start: (x: Double, y: Double), to end: (x: Double, y: Double), _ color: Color) {
        let length = max(abs(end.x - start.x), abs(end.y - start.y))
        let steps = max(1, Int(length * 2))
        for step in 0...steps {
            let part = Double(step) / Double(steps)
            let x = Int((start.x + part * (end.x - start.x)).rounded())
            let y = Int((start.y + part * (end.y - start.y)).rounded())
            dot(x, y, color)
            dot(x, y + 1, color)
        }
    }

    mutating func horizontal(_ range: Range<Int>, y: Int, _ color: Color) {
        for x in range { dot(x, y, color) }
    }

    mutating func text(_ words: String, x: Int, y: Int, _ color: Color, scale: Int = 1) {
        for (index, character) in words.enumerated() {
            let left = x + index * (BitmapFont.width + 1) * scale
            for (row, bits) in BitmapFont.rows(character).enumerated() {
                for column in 0..<BitmapFont.width where bits >> (4 - column) & 1 == 1 {
                    for offset in 0..<scale * scale {
                        dot(left + column * scale + offset % scale, y + row * scale + offset / scale, color)
                    }
                }
            }
        }
    }
}
