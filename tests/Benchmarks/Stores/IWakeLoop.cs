namespace Relaybox.Benchmarks.Stores;

/// <summary>Something that waits for single rows, and hands each over as soon as it can.</summary>
internal interface IWakeLoop
{
    /// <summary>Commits rows at a steady pace, and answers with the milliseconds from each commit until the row was handed over.</summary>
    /// <param name="rows">How many.</param>
    /// <param name="rate">How many in a second.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    Task<double[]> MeasureAsync(int rows, int rate, CancellationToken cancellationToken);
}
