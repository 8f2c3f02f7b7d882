namespace Relaybox.Settings;

/// <summary>What a function can do with its memory. A process that uses more than Lambda gives it is killed.</summary>
internal static class FunctionMemory
{
    /// <summary>The variable by which Lambda tells a function its memory, in MiB.</summary>
    internal const string Variable = "AWS_LAMBDA_FUNCTION_MEMORY_SIZE";

    /// <summary>The memory of a function where nobody says so, in MiB: the template's default.</summary>
    internal const int DefaultMegabytes = 1024;

    // The runtime, its code, threads and buffers.
    private const int BesideHeapMegabytes = 128;

    /// <summary>
    /// How large template.yaml lets the heap become (<c>DOTNET_GCHeapHardLimit</c>): the garbage collector sees the machine's memory, not the
    /// function's.
    /// </summary>
    /// <param name="megabytes">The function's memory, in MiB.</param>
    internal static long HeapBytes(int megabytes) => (long)Math.Max(megabytes / 2, megabytes - BesideHeapMegabytes) << 20;

    /// <summary>
    /// The bytes of a batch that the heap has room for. On its way a payload exists several times (its text and, for SQS, the
    /// message's, both of two bytes a character, and the client's buffers), and two batches are worked on at once.
    /// </summary>
    /// <param name="megabytes">The function's memory, in MiB.</param>
    /// <param name="availableBytes">The heap's limit that the process started with; without one the machine's memory.</param>
    internal static long BatchBytes(int megabytes, long availableBytes) => Math.Min(HeapBytes(megabytes), availableBytes) / 64;
}
