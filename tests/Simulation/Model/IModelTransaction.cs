using Relaybox.Inbox;

namespace Relaybox.Simulation.Model;

/// <summary>A handler's transaction on a model, with what the simulation's handler does in it.</summary>
internal interface IModelTransaction : IMessageTransaction
{
    /// <summary>Leaves an effect to the commit.</summary>
    void Enlist(string effect);

    /// <summary>Leaves something to the commit that cannot hold.</summary>
    void EnlistImpossible();
}
