namespace Relaybox.Simulation.World;

/// <summary>A place where one invocation at a time runs, in a process that is used again until it dies.</summary>
internal sealed class Slot(string name)
{
    internal string Name { get; } = name;

    internal Env? Env { get; set; }

    internal int Processes { get; set; }

    internal bool IsBusy { get; set; }
}
