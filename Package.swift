// swift-tools-version: 6.2
import PackageDescription

/// Settings of every Swift target.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

/// Settings of targets that call no C.
let safe = strict + [.strictMemorySafety()]

// Kernels run at speed in debug builds too, so that tests do. The frame pointer would take a register that products need.
let kernelFlags =
    "-O3 -std=c17 -fno-math-errno -fno-trapping-math -ffp-contract=fast -Wall -Werror -Xclang -mframe-pointer=none"
let kernelSettings: [CSetting] = [.unsafeFlags(kernelFlags.split(separator: " ").map(String.init))]

let package = Package(
    name: "difftrain",
    products: [
        .executable(name: "difftrain", targets: ["difftrain"]),
        .executable(name: "difftrain-worker", targets: ["difftrain-worker"]),
        .executable(name: "difftrain-coordinator", targets: ["difftrain-coordinator"]),
    ],
    dependencies: [
        .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1"),
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-numerics", exact: "1.1.1"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
    ],
    targets: [
        .target(
            name: "CImageCodecs",
            linkerSettings: [.linkedLibrary("png"), .linkedLibrary("jpeg"), .linkedLibrary("webp")]
        ),
        .target(name: "CKernels", cSettings: kernelSettings),
        .systemLibrary(name: "COpenBLAS", pkgConfig: "openblas"),
        .systemLibrary(name: "COpenMPI", pkgConfig: "ompi-c"),
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd"),
        .target(
            name: "Configs",
            dependencies: [.product(name: "Yams", package: "Yams")],
            swiftSettings: safe
        ),
        .target(
            name: "Coordination",
            swiftSettings: safe
        ),
        .target(
            name: "Buffers",
            dependencies: ["CKernels"],
            swiftSettings: strict
        ),
        .target(
            name: "Tensors",
            dependencies: ["Buffers", "Configs", "CKernels", "COpenBLAS"],
            swiftSettings: strict
        ),
        .target(
            name: "TensorFiles",
            dependencies: ["Buffers", "CZstd", .product(name: "Crypto", package: "swift-crypto")],
            swiftSettings: strict
        ),
        .target(
            name: "Networks",
            dependencies: ["Configs", "Buffers", "Tensors"],
            swiftSettings: safe
        ),
        .target(
            name: "Diffusion",
            dependencies: [
                "Configs", "Buffers", "Tensors", "Networks", .product(name: "RealModule", package: "swift-numerics"),
            ],
            swiftSettings: safe
        ),
        .target(
            name: "Optimization",
            dependencies: ["Configs", "Buffers", "Tensors", .product(name: "RealModule", package: "swift-numerics")],
            swiftSettings: safe
        ),
        .target(
            name: "Datasets",
            dependencies: ["Configs", "Buffers", "TensorFiles", "CImageCodecs"],
            swiftSettings: strict
        ),
        .target(
            name: "Checkpoints",
            dependencies: ["Buffers", "TensorFiles"],
            swiftSettings: strict
        ),
        .target(
            name: "Communication",
            dependencies: [
                "Configs", "Buffers", "CKernels", .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"), .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict
        ),
        .target(
            name: "MPICommunication",
            dependencies: ["Buffers", "Communication", "CKernels", "COpenMPI"],
            swiftSettings: strict
        ),
        .target(
            name: "Training",
            dependencies: [
                "Configs", "Buffers", "Tensors", "TensorFiles", "Networks", "Diffusion", "Optimization", "Datasets",
                "Checkpoints", "Communication", .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: safe
        ),
        .target(
            name: "Worker",
            dependencies: [
                "Configs", "Buffers", "Tensors", "TensorFiles", "Datasets", "Checkpoints", "Coordination",
                "Communication", "MPICommunication", "Training",
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: safe
        ),
        .target(
            name: "CoordinatorServer",
            dependencies: [
                "Configs", "Coordination", "Checkpoints", "TensorFiles",
                .product(name: "Hummingbird", package: "hummingbird"), .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
                .product(name: "Logging", package: "swift-log"), .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "GRDB", package: "GRDB.swift"),
            ],
            resources: [.embedInCode("Dashboard")],
            swiftSettings: safe
        ),
        .executableTarget(
            name: "difftrain",
            dependencies: [
                "Configs", "Buffers", "Tensors", "TensorFiles", "Networks", "Diffusion", "Optimization", "Datasets",
                "Checkpoints", "Communication", "MPICommunication", "Training",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "difftrain-worker",
            dependencies: [
                "Communication", "Configs", "Worker", "Training",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "difftrain-coordinator",
            dependencies: [
                "CoordinatorServer", .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict
        ),
        .target(
            name: "TestSupport",
            dependencies: ["Configs", "Buffers", "Tensors", "TensorFiles"],
            path: "Tests/TestSupport",
            swiftSettings: strict
        ),
        .testTarget(
            name: "TestSupportTests",
            dependencies: ["TestSupport"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "ArchitectureTests",
            dependencies: [],
            swiftSettings: strict
        ),
        .testTarget(
            name: "ConfigsTests",
            dependencies: ["Configs", "TestSupport"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "BuffersTests",
            dependencies: ["Buffers", "CKernels", "TestSupport"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "TensorsTests",
            dependencies: ["Tensors", "Buffers", "Configs", "TestSupport"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "CoordinationTests",
            dependencies: ["Coordination", "TestSupport"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "TensorFilesTests",
            dependencies: ["TensorFiles", "Buffers", "TestSupport", .product(name: "Crypto", package: "swift-crypto")],
            swiftSettings: strict
        ),
        .testTarget(
            name: "NetworksTests",
            dependencies: ["Networks", "Tensors", "Buffers", "Configs", "TestSupport"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "DiffusionTests",
            dependencies: ["Diffusion", "Networks", "Tensors", "Buffers", "Configs", "TestSupport"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "OptimizationTests",
            dependencies: ["Optimization", "Tensors", "Buffers", "Configs", "TestSupport"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "DatasetsTests",
            dependencies: ["Datasets", "TensorFiles", "Buffers", "Configs", "TestSupport"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "CheckpointsTests",
            dependencies: ["Checkpoints", "TensorFiles", "Buffers", "TestSupport"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "CommunicationTests",
            dependencies: [
                "Communication", "CKernels", "Buffers", "Configs", "TestSupport",
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "MPICommunicationTests",
            dependencies: ["MPICommunication", "Communication", "Configs", "Buffers", "CKernels", "TestSupport"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "TrainingTests",
            dependencies: [
                "Training", "Checkpoints", "Communication", "Datasets", "Diffusion", "Networks", "Optimization",
                "TensorFiles", "Tensors", "Buffers", "Configs", "TestSupport",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "CoordinatorServerTests",
            dependencies: [
                "CoordinatorServer", "Coordination", "Checkpoints", "TensorFiles", "TestSupport",
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdTesting", package: "hummingbird"),
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "WorkerTests",
            dependencies: [
                "Worker", "Coordination", "Training", "Checkpoints", "Communication", "TensorFiles", "Buffers",
                "TestSupport",
                "difftrain-worker", "difftrain-coordinator", .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "MethodTests",
            dependencies: [
                "Training", "Communication", "Datasets", "Diffusion", "Networks", "Optimization", "Configs",
                "TestSupport",
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "CommandTests",
            dependencies: ["TestSupport", "difftrain", "difftrain-worker", "difftrain-coordinator"],
            swiftSettings: strict
        ),
    ],
    cLanguageStandard: .c17
)
