namespace Relaybox.Simulation.Engine;

/// <summary>A fault that happened.</summary>
/// <param name="Number">The number of its point.</param>
/// <param name="At">When, from the beginning.</param>
/// <param name="Where">At which call of which process.</param>
/// <param name="Fault">What.</param>
internal sealed record FaultPoint(int Number, TimeSpan At, string Where, Fault Fault)
{
    public override string ToString() => $"#{Number} {Trace.Clock(At)} {Where}{(Fault == Fault.Odd ? "" : $": {Fault}")}";
}
